// Laws of the Engine port about how runs end: completion, failure, cancellation, and what comes after.
import { expect } from 'vitest'
import { PlannedError } from '../kernel/errors.ts'
import { type EngineLaws, eventWords, fired, flowOf, gate } from './engine-store.contract.ts'

export const completionLaws: EngineLaws = {
  'a completed run is returned without running again, or started anew when asked': async (store) => {
    await using engine = await store.open()
    let runs = 0
    const example = flowOf(({ task }) => task('a', null, async () => ++runs))
    const first = await engine.run(example, null, { seed: 1 }, { key: 'k' })
    expect(first).toMatchObject({ output: 1, replayed: false })
    const { words, onEvent } = eventWords()
    const again = await engine.run(example, null, { seed: 1 }, { key: 'k', onEvent })
    expect(again).toEqual({ ...first, replayed: true })
    expect(words).toEqual([])
    const anew = await engine.run(example, null, { seed: 1 }, { key: 'k', whenCompleted: 'anew' })
    expect(anew).toMatchObject({ output: 2, replayed: false })
    expect(anew.run.id).not.toBe(first.run.id)
    expect((await engine.run(example, null, { seed: 1 }, { key: 'k' })).output).toBe(2)
    expect((await engine.flowRuns({ key: 'k' })).map(({ id }) => id)).toEqual([anew.run.id, first.run.id]) // newest first
    expect(await engine.flowRuns({ key: 'other' })).toEqual([])
  },

  'an unfinished run is resumed even when anew is asked for': async (store) => {
    await using engine = await store.open()
    let runs = 0
    const example = flowOf(async ({ task }) => {
      await task('a', null, async () => ++runs)
      if (runs === 1) {
        runs = 10
        throw new PlannedError('BAD_DATA', 'once')
      }
      return null
    })
    const options = { key: 'k', whenCompleted: 'anew' } as const
    await expect(engine.run(example, null, {}, options)).rejects.toThrow('once')
    await engine.run(example, null, {}, options)
    expect(runs).toBe(10) // the task was not run a second time
    expect(await engine.flowRuns()).toHaveLength(1)
  },

  'another input under the same key is refused and names both, finished or not; anew leaves the old run behind': async (
    store,
  ) => {
    await using engine = await store.open()
    let isBroken = true
    const example = flowOf(async ({ task }, input) => {
      await task('a', input, async () => null)
      if (isBroken) throw new PlannedError('BAD_DATA', 'no')
      return input
    })
    const refusal = { code: 'CONFLICT', message: expect.stringMatching(/threshold was 2.5 and is now 3\)/) }
    await expect(engine.run(example, null, { threshold: 2.5, seed: 0 }, { key: 'k' })).rejects.toThrow('no')
    await expect(engine.run(example, null, { threshold: 3, seed: 0 }, { key: 'k' })).rejects.toMatchObject(refusal)
    isBroken = false
    await engine.run(example, null, { seed: 0, threshold: 2.5 }, { key: 'k' }) // the order of fields is no difference
    await expect(engine.run(example, null, { threshold: 3, seed: 0 }, { key: 'k' })).rejects.toMatchObject(refusal)
    const anew = await engine.run(example, null, { threshold: 3 }, { key: 'k', whenCompleted: 'anew' })
    expect(anew.output).toEqual({ threshold: 3 })
  },

  'an unfinished run of another version of the flow is not resumed; anew leaves it behind': async (store) => {
    await using engine = await store.open()
    const version = (number: number) =>
      flowOf(
        async () => {
          if (number === 1) throw new PlannedError('BAD_DATA', 'no')
          return number
        },
        { version: number },
      )
    await expect(engine.run(version(1), null, {}, { key: 'k' })).rejects.toThrow('no')
    await expect(engine.run(version(2), null, {}, { key: 'k' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/version 1 .* version 2/),
    })
    expect((await engine.run(version(2), null, {}, { key: 'k', whenCompleted: 'anew' })).output).toBe(2)
    expect((await engine.flowRuns()).map(({ status }) => status)).toEqual(['completed', 'failed'])
  },
}

export const cancelLaws: EngineLaws = {
  'cancelling tells the tasks, waits for them, ends the run, and the same command goes on': async (store) => {
    await using engine = await store.open()
    const stop = new AbortController()
    const done: string[] = []
    const example = flowOf(async ({ task }) => {
      await task('a', null, async () => done.push('a'))
      await task(
        'b',
        null,
        async (_, { signal, attempt }) => {
          if (attempt === 1) {
            setTimeout(() => stop.abort(), 5)
            await fired(signal)
            await new Promise((resolve) => setTimeout(resolve, 10))
            done.push('b stopped')
            signal.throwIfAborted()
          }
          return done.push('b')
        },
        { retries: 3 },
      )
      return task('c', null, async () => done.push('c'))
    })
    const { words, onEvent } = eventWords()
    const run = engine.run(example, null, {}, { key: 'k', signal: stop.signal, onEvent })
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED', message: expect.stringContaining('same command') })
    expect(done).toEqual(['a', 'b stopped'])
    expect(words.slice(-2)).toEqual(['task-failed b', 'flow-ended'])
    expect(await engine.flowRuns()).toMatchObject([{ status: 'cancelled' }])
    expect((await engine.run(example, null, {}, { key: 'k' })).output).toBe(4)
    expect(done).toEqual(['a', 'b stopped', 'b', 'c'])
  },

  'work that was finished while stopping is kept': async (store) => {
    await using engine = await store.open()
    const stop = new AbortController()
    let runs = 0
    const example = flowOf(async ({ task }) => {
      await task('a', null, async (_, { signal }) => {
        runs++
        stop.abort()
        await fired(signal)
        return null
      })
      return task('b', null, async () => runs)
    })
    await expect(engine.run(example, null, {}, { key: 'k', signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    expect((await engine.run(example, null, {}, { key: 'k' })).output).toBe(1)
  },

  'a run cancelled before it began writes nothing': async (store) => {
    await using engine = await store.open()
    const reason = new PlannedError('CANCELLED', 'Ctrl-C')
    const run = engine.run(
      flowOf(async () => null),
      null,
      {},
      { key: 'k', signal: AbortSignal.abort(reason) },
    )
    await expect(run).rejects.toBe(reason)
    expect(await engine.flowRuns()).toEqual([])
  },

  'a flow function that mistakes a cancellation for a failure cannot complete the run': async (store) => {
    await using engine = await store.open()
    const stop = new AbortController()
    const example = flowOf(async ({ task }) => {
      const [settled] = await Promise.allSettled([
        task('a', null, async (_, { signal, attempt }) => {
          if (attempt === 1) {
            stop.abort()
            await fired(signal)
            signal.throwIfAborted()
          }
          return 'whole'
        }),
      ])
      return settled.status === 'fulfilled' ? settled.value : 'half'
    })
    await expect(engine.run(example, null, {}, { key: 'k', signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    expect((await engine.run(example, null, {}, { key: 'k' })).output).toBe('whole')
  },

  'a pause between attempts ends when the run is cancelled': async (store) => {
    await using engine = await store.open()
    const stop = new AbortController()
    const example = flowOf(({ task }) =>
      task(
        'a',
        null,
        async () => {
          throw new PlannedError('UNAVAILABLE', 'not now')
        },
        { retries: 1, backoffMs: 60_000 },
      ),
    )
    const onEvent = ({ kind }: { kind: string }) => {
      if (kind === 'task-retrying') setTimeout(() => stop.abort(), 1)
    }
    const run = engine.run(example, null, {}, { key: 'k', signal: stop.signal, onEvent })
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
  },

  'closing the engine cancels what runs and waits for it': async (store) => {
    const engine = await store.open()
    const began = gate()
    const example = flowOf(({ task }) =>
      task('a', null, async (_, { signal, attempt }) => {
        if (attempt === 2) return 'resumed'
        began.open()
        await fired(signal)
        signal.throwIfAborted()
        return 'never'
      }),
    )
    const run = engine.run(example, null, {}, { key: 'k' })
    run.catch(() => undefined)
    await began.opened
    await engine[Symbol.asyncDispose]()
    await expect(run).rejects.toMatchObject({ code: 'CANCELLED' })
    await using next = await store.open()
    expect(await next.flowRuns()).toMatchObject([{ status: 'cancelled' }])
    expect((await next.run(example, null, {}, { key: 'k' })).output).toBe('resumed')
  },
}

export const orphanLaws: EngineLaws = {
  'when one of two parallel tasks fails, the other is told to stop and waited for; the first error is the run’s':
    async (store) => {
      await using engine = await store.open()
      const order: string[] = []
      const error = new PlannedError('BAD_DATA', 'the cause')
      const otherBegan = gate()
      const example = flowOf(async ({ task }) => {
        await Promise.all([
          task('failing', null, async () => {
            await otherBegan.opened
            throw error
          }),
          task('other', null, async (_, { signal }) => {
            otherBegan.open()
            await fired(signal)
            await new Promise((resolve) => setTimeout(resolve, 10))
            order.push('other stopped')
            throw new Error('an error that came of stopping')
          }),
        ])
        return null
      })
      const onEvent = ({ kind }: { kind: string }) => {
        if (kind === 'flow-ended') order.push('run ended')
      }
      await expect(engine.run(example, null, {}, { key: 'k', onEvent })).rejects.toBe(error)
      expect(order).toEqual(['other stopped', 'run ended'])
      const [run] = await engine.flowRuns()
      expect(run).toMatchObject({ status: 'failed', error: 'the cause' })
      expect(await engine.taskRuns(run?.id ?? '')).toMatchObject([
        { name: 'failing', status: 'failed', error: 'the cause' },
        { name: 'other', status: 'failed', error: expect.stringContaining('because the run failed') },
      ])
      const log = await engine.taskLog(run?.id ?? '', 'other')
      expect(log.map(({ line }) => line)).toEqual(['while stopping: an error that came of stopping'])
    },

  'a flow that ends without awaiting its tasks is a bug that names them, and they are stopped': async (store) => {
    await using engine = await store.open()
    let wasStopped = false
    const example = flowOf(async ({ task }) => {
      const began = gate()
      void task('forgotten', null, async (_, { signal }) => {
        began.open()
        await fired(signal)
        wasStopped = true
        return null
      })
      await began.opened
      return null
    })
    await expect(engine.run(example, null, {}, { key: 'k' })).rejects.toThrow(
      /its tasks forgotten were running; await every task/,
    )
    expect(wasStopped).toBe(true)
  },

  'a failure the flow function catches is not the run’s': async (store) => {
    await using engine = await store.open()
    const example = flowOf(async ({ task }) => {
      const tried = await task('optional', null, async () => {
        throw new PlannedError('NOT_FOUND', 'none there')
      }).catch(() => 'without')
      return task('then', tried, async (input) => `${input} it`)
    })
    expect(await engine.run(example, null, {}, { key: 'k' })).toMatchObject({
      output: 'without it',
      run: { status: 'completed' },
    })
  },

  'a task begun after its flow had ended is refused': async (store) => {
    await using engine = await store.open()
    let late: (() => Promise<unknown>) | undefined
    const example = flowOf(async ({ task }) => {
      late = () => task('late', null, async () => null)
      return null
    })
    await engine.run(example, null, {}, { key: 'k' })
    await expect(late?.()).rejects.toThrow('begun after flow example had ended')
  },
}
