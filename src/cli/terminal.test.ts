// What is printed where: to a person watching, and into a pipe.
import { expect, test } from 'vitest'
import type { FlowEvent } from '../flow/port.ts'
import { openProgress } from './progress.ts'
import { openTerminal } from './terminal.ts'

function streams(isTTY: boolean) {
  const written = { out: '', err: '' }
  const stream = (name: 'out' | 'err') => ({
    isTTY,
    columns: 60,
    write: (text: string) => {
      written[name] += text
    },
  })
  return { written, out: stream('out'), err: stream('err') }
}

const started: FlowEvent = { kind: 'task-started', flowRunId: 'f', task: 're_train', attempt: 1 }
const progressed: FlowEvent = { kind: 'task-progress', flowRunId: 'f', task: 're_train', text: 'epoch 3' }
const completed: FlowEvent = {
  kind: 'task-completed',
  flowRunId: 'f',
  task: 're_train',
  durationMs: 1234,
  replayed: false,
}

test('results go to standard output and everything else to standard error', () => {
  const { written, out, err } = streams(false)
  const terminal = openTerminal({ json: false, out, err })
  terminal.note('working')
  terminal.out('the answer')
  expect(written).toEqual({ out: 'the answer\n', err: 'working\n' })
})

test('a pipe gets plain lines: no colours, no cursor movements, no progress', () => {
  const { written, out, err } = streams(false)
  const progress = openProgress(openTerminal({ json: false, out, err }))
  for (const event of [started, progressed, completed]) progress.onEvent(event)
  progress.close()
  expect(written.err).toMatch(
    /^ {2}… train a challenger \(re_train\)\n {2}✓ train a challenger \(re_train\) +1\.2 s\n$/,
  )
  expect(written.err).not.toContain('\u001b')
})

test('a terminal shows what is running, and replaces it by what is done', () => {
  const { written, out, err } = streams(true)
  const progress = openProgress(openTerminal({ json: false, out, err }))
  progress.onEvent(started)
  progress.onEvent(progressed)
  expect(written.err).toContain('\n    epoch 3\n') // a line of its own
  expect(written.err.split('\n').every((line) => line.length < 80)).toBe(true)
  progress.onEvent(completed)
  progress.close()
  expect(written.err).toContain('\u001b[2A\u001b[0J')
  expect(written.err.trimEnd()).toMatch(/1\.2 s/)
})

test('with --json and nobody watching only the result is printed, and what went wrong', () => {
  const { written, out, err } = streams(false)
  const progress = openProgress(openTerminal({ json: true, out, err }))
  for (const event of [started, completed]) progress.onEvent(event)
  expect(written).toEqual({ out: '', err: '' })
})
