// Laws of the Engine port about who may run and write: leases, take-over, fencing, locks.
import { expect } from 'vitest'
import { type EngineLaws, flowOf, gate } from './engine-store.contract.ts'
import type { Engine } from './port.ts'

/** A flow of two tasks; the first one's body waits in one of its attempts. */
function heldFlow(name = 'example', heldAttempt = 1) {
  const began = gate()
  const goOn = gate()
  const ran: string[] = []
  const example = flowOf(
    async ({ task }) => {
      const a = await task('a', null, async (_, { attempt }) => {
        ran.push(`a${attempt}`)
        if (attempt === heldAttempt) {
          began.open()
          await goOn.opened
        }
        return attempt
      })
      return task('b', a, async (input) => {
        ran.push('b')
        return input
      })
    },
    { name },
  )
  return { example, began: began.opened, goOn: goOn.open, ran }
}

/** Starts the run and waits until its first task waits. */
async function hold(
  engine: Engine,
  held: ReturnType<typeof heldFlow>,
  key: string,
  lock?: string,
): Promise<{ run: Promise<unknown> }> {
  const run = engine.run(held.example, null, {}, lock === undefined ? { key } : { key, lock })
  run.catch(() => undefined)
  await Promise.race([held.began, run])
  return { run } // in an object, or awaiting the function would await the run
}

export const holdLaws: EngineLaws = {
  'a second start of a live run is refused, and told who holds it and since when': async (store) => {
    await using one = await store.open()
    await using two = await store.open()
    const held = heldFlow()
    const { run } = await hold(one, held, 'k')
    for (const engine of [one, two]) {
      await expect(engine.run(held.example, null, {}, { key: 'k', whenCompleted: 'anew' })).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringMatching(/"k" of flow example is already running.* process \d+ .* since \d{4}-/),
        facts: { pid: process.pid },
      })
    }
    held.goOn()
    await expect(run).resolves.toMatchObject({ output: 1 })
    expect(held.ran).toEqual(['a1', 'b'])
  },

  'a run of a process that is gone is shown as failed, and taken over at once': async (store) => {
    await using gone = await store.open({ process: 'gone' })
    await using engine = await store.open()
    const held = heldFlow()
    await hold(gone, held, 'k')
    expect(await engine.flowRuns()).toMatchObject([
      { status: 'failed', error: expect.stringContaining('ended without finishing') },
    ])
    const { output, run } = await engine.run(held.example, null, {}, { key: 'k' })
    expect(output).toBe(2)
    expect(await engine.flowRuns()).toMatchObject([{ id: run.id, status: 'completed' }])
    held.goOn()
  },

  'a run of a process elsewhere is taken over only once its lease has lapsed': async (store) => {
    await using elsewhere = await store.open({ process: 'elsewhere' })
    await using engine = await store.open()
    const held = heldFlow()
    await hold(elsewhere, held, 'k')
    store.advance(store.leaseMs - 1)
    await expect(engine.run(held.example, null, {}, { key: 'k' })).rejects.toMatchObject({ code: 'CONFLICT' })
    store.advance(1)
    expect((await engine.run(held.example, null, {}, { key: 'k' })).output).toBe(2)
    held.goOn()
  },

  'a holder whose run was taken over writes nothing more, and is told so': async (store) => {
    await using slow = await store.open({ process: 'elsewhere' })
    await using engine = await store.open()
    const held = heldFlow()
    const { run: slowRun } = await hold(slow, held, 'k')
    store.advance(store.leaseMs)
    const { run } = await engine.run(held.example, null, {}, { key: 'k' })
    const [flowRuns, taskRuns] = [await engine.flowRuns(), await engine.taskRuns(run.id)]
    held.goOn()
    await expect(slowRun).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('taken over') })
    expect(await engine.flowRuns()).toEqual(flowRuns)
    expect(await engine.taskRuns(run.id)).toEqual(taskRuns)
    expect(held.ran).toEqual(['a1', 'a2', 'b']) // the slow one did not go on to b
  },

  'a holder whose run was taken over cannot write into it while the other one is at work': async (store) => {
    await using slow = await store.open({ process: 'elsewhere' })
    await using engine = await store.open()
    const first = heldFlow()
    const second = heldFlow(first.example.name, 2)
    const { run: slowRun } = await hold(slow, first, 'k')
    store.advance(store.leaseMs)
    const { run } = await hold(engine, second, 'k')
    first.goOn()
    await expect(slowRun).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('taken over') })
    const [live] = await engine.flowRuns()
    expect(live).toMatchObject({ status: 'running' })
    expect(await engine.taskRuns(live?.id ?? '')).toMatchObject([{ name: 'a', status: 'running', attempt: 2 }])
    second.goOn()
    await expect(run).resolves.toMatchObject({ output: 2 })
  },

  'a holder that was asleep for longer than its lease goes on if nobody took its run': async (store) => {
    await using engine = await store.open()
    const held = heldFlow()
    const { run } = await hold(engine, held, 'k')
    store.advance(store.leaseMs * 10)
    held.goOn()
    await expect(run).resolves.toMatchObject({ output: 1 })
  },

  'two runs never hold one lock at the same time; it is free again when its run ends': async (store) => {
    await using one = await store.open()
    await using two = await store.open()
    const held = heldFlow('cycle')
    const { run } = await hold(one, held, '2015-01', 'taxifare')
    const other = flowOf(async () => 'ran', { name: 'train' })
    await expect(two.run(other, null, {}, { key: 'first', lock: 'taxifare' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/"taxifare" is in use: the run "2015-01" of flow cycle, in process \d+/),
    })
    expect((await two.run(other, null, {}, { key: 'first', lock: 'another' })).output).toBe('ran')
    held.goOn()
    await run
    expect((await two.run(other, null, {}, { key: 'second', lock: 'taxifare' })).output).toBe('ran')
  },

  'a lock of a process that is gone is taken over; its run ends as failed and can be resumed later': async (store) => {
    await using gone = await store.open({ process: 'gone' })
    await using engine = await store.open()
    const held = heldFlow('cycle')
    const { run: goneRun } = await hold(gone, held, '2015-01', 'taxifare')
    const other = flowOf(async () => 'ran', { name: 'train' })
    expect((await engine.run(other, null, {}, { key: 'first', lock: 'taxifare' })).output).toBe('ran')
    held.goOn()
    await expect(goneRun).rejects.toMatchObject({ code: 'CONFLICT' })
    expect(await engine.flowRuns({ flow: 'cycle' })).toMatchObject([{ status: 'failed' }])
    expect((await engine.run(held.example, null, {}, { key: '2015-01', lock: 'taxifare' })).output).toBe(2)
  },

  'of many starts of one key at once exactly one runs': async (store) => {
    const engines = await Promise.all(Array.from({ length: 5 }, () => store.open()))
    const held = heldFlow()
    const runs = engines.map((engine) => engine.run(held.example, null, {}, { key: 'k' }))
    const refused = runs.map((run) => run.catch((error: { code: string }) => error.code))
    await held.began
    expect(await Promise.race(refused)).toBe('CONFLICT')
    held.goOn()
    const results = await Promise.all(refused)
    expect(results.filter((result) => result === 'CONFLICT').length).toBeGreaterThanOrEqual(1)
    expect(held.ran).toEqual(['a1', 'b']) // those that came after its end were handed its output
    for (const engine of engines) await engine[Symbol.asyncDispose]()
  },
}
