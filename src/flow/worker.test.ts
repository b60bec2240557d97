import { expect, test } from 'vitest'
import { PlannedError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { runInWorker, type WorkerOptions } from './worker.ts'

const MODULE = new URL('./worker.fixture.ts', import.meta.url)
const runFixture = (input: Json, options: Partial<WorkerOptions> = {}) =>
  runInWorker(MODULE, input, { name: 'example', ...options })

test('JSON goes in and comes out, and reports arrive in order before the output', async () => {
  const seen: Json[] = []
  const output = await runFixture({ rows: [1, 'é', null] }, { onMessage: (message) => seen.push(message) })
  expect(seen).toEqual([{ step: 1 }, { step: 2 }])
  expect(output).toEqual({ got: { rows: [1, 'é', null] } })
})

test('a planned error crosses with its code, its words and its facts', async () => {
  await expect(runFixture('plan an error')).rejects.toMatchObject({
    name: 'PlannedError',
    code: 'BAD_DATA',
    message: 'no rows in 2015-01: the table is empty; import some',
    what: 'no rows in 2015-01',
    why: 'the table is empty',
    next: 'import some',
    facts: { rows: 0 },
  })
})

test('a bug crosses with the name of the work and the stack of the thread', async () => {
  const error = await runFixture('have a bug').catch((error: unknown) => error)
  expect(error).toMatchObject({
    message: 'worker "example" failed: x is not a function',
    stack: expect.stringContaining('worker.fixture.ts'),
  })
  expect(error).not.toHaveProperty('code')
})

test.each([
  ['crash', /worker "example" crashed: out of a timer/],
  ['exit', /worker "example" ended with exit code 7 before it answered/],
  ['return a date', /worker "example" failed: the output is not JSON: it is an instance of Date/],
])('a thread that dies of %s is an error that says so', async (input, words) => {
  await expect(runFixture(input)).rejects.toThrow(words)
})

test('a module that has no run, or is not there, is named', async () => {
  const noRun = new URL('./flow.ts', import.meta.url)
  await expect(runInWorker(noRun, null, { name: 'example' })).rejects.toThrow(/flow.ts exports no function named run/)
  const absent = new URL('./absent.ts', import.meta.url)
  await expect(runInWorker(absent, null, { name: 'example' })).rejects.toThrow(/absent.ts/)
})

test('a thread that needs more memory than it is allowed says so', async () => {
  const run = runFixture('hoard', { resourceLimits: { maxOldGenerationSizeMb: 16 } })
  await expect(run).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('ran out of the memory'),
  })
})

test('a cancelled thread may end by itself; one that does not is ended', async () => {
  for (const input of ['listen', 'block']) {
    const stop = new AbortController()
    const reason = new PlannedError('CANCELLED', 'Ctrl-C')
    const startedMs = performance.now()
    const run = runFixture(input, { signal: stop.signal, graceMs: 200, onMessage: () => stop.abort(reason) })
    await expect(run).rejects.toBe(reason)
    expect(performance.now() - startedMs).toBeLessThan(5_000)
  }
})

test('work that is cancelled before it starts is not started', async () => {
  await expect(runFixture('block', { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
})

test('a listener that throws ends the work with its error', async () => {
  const error = new Error('the disk is full')
  const onMessage = (): never => {
    throw error
  }
  await expect(runFixture('listen', { onMessage })).rejects.toBe(error)
})
