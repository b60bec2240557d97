// What a flow's tasks say while it runs: where it goes, in which order, and how much of it.
import { expect, test } from 'vitest'
import type { FlowEvent } from '../flow/port.ts'
import { openProgress } from './progress.ts'
import { openTerminal } from './terminal.ts'

function streams(isTTY: boolean) {
  const written = { out: '', err: '' }
  const stream = (name: 'out' | 'err') => ({
    isTTY,
    columns: 200,
    write: (text: string) => {
      written[name] += text
    },
  })
  return { written, out: stream('out'), err: stream('err') }
}

const flowRunId = 'f'
const started = (task: string): FlowEvent => ({ kind: 'task-started', flowRunId, task, attempt: 1 })
const logged = (task: string, line: string): FlowEvent => ({ kind: 'task-log', flowRunId, task, line })
const completed = (task: string): FlowEvent => ({
  kind: 'task-completed',
  flowRunId,
  task,
  durationMs: 10,
  replayed: false,
})

function shown(events: readonly FlowEvent[], options: { json?: boolean; isTTY?: boolean; level?: string } = {}) {
  const { written, out, err } = streams(options.isTTY ?? false)
  const progress = openProgress(openTerminal({ json: options.json ?? false, out, err }), options.level)
  for (const event of events) progress.onEvent(event)
  progress.close()
  return written
}

test('what a task logs is part of the result, and --json has none of it', () => {
  const events = [started('a'), logged('a', '✅ data cleaned'), completed('a')]
  expect(shown(events).out).toBe('✅ data cleaned\n')
  expect(shown(events, { json: true })).toEqual({ out: '', err: '' })
})

test('a task on its own is heard at once', () => {
  const { written, out, err } = streams(false)
  const progress = openProgress(openTerminal({ json: false, out, err }))
  progress.onEvent(started('a'))
  progress.onEvent(logged('a', 'one'))
  expect(written.out).toBe('one\n')
})

test('the lines of two tasks at work at once are kept together', () => {
  const events = [started('a'), started('b'), logged('a', 'a1'), logged('b', 'b1'), logged('a', 'a2')]
  const afterwards = [completed('b'), logged('a', 'a3'), completed('a')]
  expect(shown([...events, ...afterwards]).out).toBe('b1\na1\na2\na3\n')
  expect(shown(events).out).toBe('a1\na2\nb1\n') // stopped: nothing that was said is lost
})

test('a task that fails has said what it said', () => {
  const failed: FlowEvent = { kind: 'task-failed', flowRunId, task: 'a', error: 'too few' }
  const events = [started('a'), started('b'), logged('a', '❌ Not enough'), failed]
  expect(shown(events).out).toBe('❌ Not enough\n')
})

test('the error that ends the command is told there and not with its task; another one is', () => {
  const failed = (task: string, error: string): FlowEvent => ({ kind: 'task-failed', flowRunId, task, error })
  const ended: FlowEvent = { kind: 'flow-ended', flowRunId, status: 'failed', error: 'too few' }
  const begun = [started('train'), started('notify')]
  expect(shown([...begun, failed('train', 'too few'), ended], { level: 'ERROR' }).err).toBe('  ✗ train\n')
  const both = [...begun, failed('train', 'too few'), failed('notify', 'no such host'), ended]
  expect(shown(both, { level: 'ERROR' }).err).toBe(
    '  ✗ train\n  ✗ notify (notify)\n    notify (notify): no such host\n',
  )
})

test('in a terminal a line takes the place of the live ones, which come back below it', () => {
  const { written, out, err } = streams(true)
  const both = (text: string): void => {
    written.out += text
  }
  const terminal = openTerminal({ json: false, out: { ...out, write: both }, err: { ...err, write: both } })
  const progress = openProgress(terminal)
  progress.onEvent(started('a'))
  progress.onEvent(logged('a', 'a line'))
  progress.close()
  const live = String.raw` {2}\S a +0\.\d s\n`
  const cleared = String.raw`\u001b\[1A\u001b\[0J`
  expect(written.out).toMatch(new RegExp(`^${live}${cleared}a line\n${live}${cleared}$`))
})

test('PREFECT_LOG_LEVEL tells less from ERROR up, more from INFO down, and never hides what goes wrong', () => {
  const events: FlowEvent[] = [
    { kind: 'flow-started', flowRunId, flow: 'cycle', resumed: false },
    started('a'),
    { kind: 'task-retrying', flowRunId, task: 'a', attempt: 1, error: 'busy', pauseMs: 1_000 },
    completed('a'),
    { kind: 'flow-ended', flowRunId, status: 'completed', error: null },
  ]
  const lines = (level: string): number => shown(events, { level }).err.trimEnd().split('\n').length
  expect([lines('ERROR'), lines('WARNING'), lines('info')]).toEqual([1, 3, 5])
  expect(shown(events, { level: 'CRITICAL' }).err).toBe('  ↻ a, again in 1.0 s: busy\n')
})
