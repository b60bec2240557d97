// Laws of the Engine port about single tasks: replay, input and output, retries, time-outs, logs.
import { expect } from 'vitest'
import { PlannedError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { type EngineLaws, eventWords, fired, flowOf } from './engine-store.contract.ts'
import type { TaskOptions } from './port.ts'

export const replayLaws: EngineLaws = {
  'a run that failed goes on at its first unfinished task; finished ones give back what they returned': async (
    store,
  ) => {
    await using engine = await store.open()
    const ran: string[] = []
    let isBroken = true
    const example = flowOf(async ({ task }) => {
      const a = await task('a', { x: 1 }, async ({ x }) => {
        ran.push('a')
        return x + 1
      })
      const b = await task('b', { a }, async (input) => {
        ran.push('b')
        if (isBroken) throw new PlannedError('BAD_DATA', 'no rows')
        return input.a * 10
      })
      return task('c', { b }, async (input) => {
        ran.push('c')
        return { total: input.b }
      })
    })
    await expect(engine.run(example, null, {}, { key: 'k' })).rejects.toMatchObject({
      code: 'BAD_DATA',
      message: 'no rows',
    })
    const [failed] = await engine.flowRuns({ flow: 'example', key: 'k' })
    expect(failed).toMatchObject({ status: 'failed', error: 'no rows', output: null })

    isBroken = false
    const { words, onEvent } = eventWords()
    const result = await engine.run(example, null, {}, { key: 'k', onEvent })
    expect(ran).toEqual(['a', 'b', 'b', 'c'])
    expect(result).toMatchObject({ output: { total: 20 }, replayed: false })
    expect(result.run).toMatchObject({ id: failed?.id, status: 'completed', error: null, output: { total: 20 } })
    expect(words).toEqual([
      'flow-started',
      'task-completed a replayed',
      'task-started b 2',
      'task-completed b',
      'task-started c 1',
      'task-completed c',
      'flow-ended',
    ])
    expect(await engine.taskRuns(result.run.id)).toMatchObject([
      { name: 'a', status: 'completed', attempt: 1, output: 2, error: null },
      { name: 'b', status: 'completed', attempt: 2, output: 20, error: null },
      { name: 'c', status: 'completed', attempt: 1, output: { total: 20 }, error: null },
    ])
  },

  'an effect key is the same in every attempt and process': async (store) => {
    const keys = new Set<string>()
    const example = flowOf(({ task }) =>
      task(
        'effect',
        null,
        async (_, { effectKey, flowRunId }) => {
          keys.add(effectKey)
          expect(effectKey).toBe(`${flowRunId}/effect`)
          if (keys.size < 1) return null
          throw new PlannedError('UNAVAILABLE', 'again')
        },
        { retries: 1, backoffMs: 1 },
      ),
    )
    for (let i = 0; i < 2; i++) {
      await using engine = await store.open()
      await expect(engine.run(example, null, {}, { key: 'k' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    }
    expect(keys.size).toBe(1)
  },

  'another input under the same task on resume is refused and names both': async (store) => {
    await using engine = await store.open()
    const withInput = (x: number) =>
      flowOf(async ({ task }) => {
        await task('a', { x, same: true }, async () => null)
        throw new PlannedError('BAD_DATA', 'later')
      })
    await expect(engine.run(withInput(1), null, {}, { key: 'k' })).rejects.toMatchObject({ code: 'BAD_DATA' })
    await expect(engine.run(withInput(2), null, {}, { key: 'k' })).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/task "a" .*x was 1 and is now 2\)/),
    })
  },

  'a task name used twice is one task with one input, and a bug with two': async (store) => {
    await using engine = await store.open()
    let runs = 0
    const twice = (second: Json) =>
      flowOf(async ({ task }) => {
        const body = async () => ++runs
        return [await task('a', { x: 1 }, body), await task('a', second, body)]
      })
    expect((await engine.run(twice({ x: 1 }), null, {}, { key: 'same' })).output).toEqual([1, 1])
    await expect(engine.run(twice({ x: 2 }), null, {}, { key: 'other' })).rejects.toThrow(
      /name "a" twice \(x was 1 and is now 2\)/,
    )
  },
}

/** A task that fails with `error` until the attempt `succeedAt`, and the attempts it saw. */
const failing = (error: unknown, options: TaskOptions, succeedAt = Number.POSITIVE_INFINITY) => {
  const attempts: number[] = []
  const example = flowOf(({ task }) =>
    task(
      'shaky',
      null,
      async (_, { attempt }) => {
        attempts.push(attempt)
        if (attempt < succeedAt) throw error
        return 'done'
      },
      options,
    ),
  )
  return { attempts, example }
}

export const attemptLaws: EngineLaws = {
  'what is retryable is tried again after pauses that double, with jitter': async (store) => {
    await using engine = await store.open()
    const { example, attempts } = failing(new PlannedError('UNAVAILABLE', 'not now'), { retries: 3, backoffMs: 8 }, 4)
    const pausesMs: number[] = []
    const { output, run } = await engine.run(
      example,
      null,
      {},
      {
        key: 'k',
        onEvent: (event) => {
          if (event.kind === 'task-retrying') pausesMs.push(event.pauseMs)
        },
      },
    )
    expect(output).toBe('done')
    expect(attempts).toEqual([1, 2, 3, 4])
    for (const [i, pauseMs] of pausesMs.entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual(4 * 2 ** i)
      expect(pauseMs).toBeLessThanOrEqual(8 * 2 ** i)
    }
    expect(pausesMs).toHaveLength(3)
    expect(await engine.taskRuns(run.id)).toMatchObject([{ status: 'completed', attempt: 4, error: null }])
  },

  'after its retries a task fails with its last error, and the run with it': async (store) => {
    await using engine = await store.open()
    const error = new PlannedError('UNAVAILABLE', 'not now')
    const { example, attempts } = failing(error, { retries: 1, backoffMs: 1 })
    const { words, onEvent } = eventWords()
    await expect(engine.run(example, null, {}, { key: 'k', onEvent })).rejects.toBe(error)
    expect(attempts).toEqual([1, 2])
    expect(words).toEqual([
      'flow-started',
      'task-started shaky 1',
      'task-retrying shaky 1',
      'task-started shaky 2',
      'task-failed shaky',
      'flow-ended',
    ])
  },

  'bugs and errors that a second try cannot mend are not retried': async (store) => {
    await using engine = await store.open()
    for (const error of [new PlannedError('BAD_DATA', 'wrong'), new TypeError('a bug')]) {
      const { example, attempts } = failing(error, { retries: 5 })
      await expect(engine.run(example, null, {}, { key: error.name })).rejects.toBe(error)
      expect(attempts).toEqual([1])
    }
  },

  'a task that takes too long is told to stop, fails as UNAVAILABLE, and may be retried': async (store) => {
    await using engine = await store.open()
    const reasons: unknown[] = []
    const example = flowOf(({ task }) =>
      task(
        'slow',
        null,
        async (_, { signal, attempt }) => {
          if (attempt === 2) return 'in time'
          await fired(signal)
          reasons.push(signal.reason)
          return 'too late'
        },
        { timeoutMs: 20, retries: 1, backoffMs: 1 },
      ),
    )
    expect((await engine.run(example, null, {}, { key: 'k' })).output).toBe('in time')
    expect(reasons).toEqual([
      expect.objectContaining({ code: 'UNAVAILABLE', message: expect.stringContaining('20 ms') }),
    ])
  },

  'a task that does not listen is left behind, named in its log, and not started a second time beside itself': async (
    store,
  ) => {
    await using engine = await store.open({ graceMs: 20 })
    let starts = 0
    const deaf = flowOf(({ task }) =>
      task(
        'deaf',
        null,
        () => {
          starts++
          return new Promise<null>(() => undefined)
        },
        {
          timeoutMs: 10,
          retries: 3,
          backoffMs: 1,
        },
      ),
    )
    await expect(engine.run(deaf, null, {}, { key: 'k' })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(starts).toBe(1)
    const [run] = await engine.flowRuns()
    const log = await engine.taskLog(run?.id ?? '', 'deaf')
    expect(log.map(({ line }) => line)).toEqual([expect.stringMatching(/did not stop within 20 ms/)])
  },
}

export const logLaws: EngineLaws = {
  'log lines are kept in order, with progress only shown; a bug leaves its stack': async (store) => {
    await using engine = await store.open()
    const { words, onEvent } = eventWords()
    const example = flowOf(async ({ task }) => {
      await task('wordy', null, async (_, { log, progress }) => {
        log('one')
        progress('half')
        log('two ✓')
        return null
      })
      await task('buggy', null, async () => {
        throw new TypeError('x is not a function')
      })
      return null
    })
    await expect(engine.run(example, null, {}, { key: 'k', onEvent })).rejects.toThrow('x is not a function')
    expect(words.slice(1, 6)).toEqual([
      'task-started wordy 1',
      'task-log wordy',
      'task-progress wordy',
      'task-log wordy',
      'task-completed wordy',
    ])
    const [run] = await engine.flowRuns()
    const lines = async (name: string) => (await engine.taskLog(run?.id ?? '', name)).map(({ line }) => line)
    expect(await lines('wordy')).toEqual(['one', 'two ✓'])
    expect(await lines('buggy')).toEqual([expect.stringMatching(/TypeError: x is not a function\n +at/)])
  },

  'a listener that throws or rejects never breaks the run': async (store) => {
    await using engine = await store.open()
    const example = flowOf(({ task }) => task('a', null, async () => 1))
    const thrower = () => {
      throw new Error('the terminal is gone')
    }
    const rejecter = () => Promise.reject(new Error('the terminal is gone'))
    expect((await engine.run(example, null, {}, { key: 'k', onEvent: thrower })).output).toBe(1)
    expect((await engine.run(example, null, {}, { key: 'l', onEvent: rejecter })).output).toBe(1)
  },
}
