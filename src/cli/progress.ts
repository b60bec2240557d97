// Shows a flow while it runs: live lines per task in a terminal, one plain line per event elsewhere.
import type { FlowEvent } from '../flow/port.ts'
import { unreachable } from '../kernel/errors.ts'
import type { CommandContext } from './command.ts'
import type { Terminal } from './terminal.ts'

/** What each task does, in words; a task without an entry shows its own name. */
const WORDS: Readonly<Record<string, string>> = {
  make_raw_table: 'make the raw table',
  preprocess_history: 'preprocess the history',
  train_first_model: 'train the first model',
  accept_first_model: 'measure and accept it',
  preprocess_new_data: 'preprocess the month',
  find_champion: 'find the champion',
  evaluate_production_model: 'evaluate Production',
  tune: 'search for better settings',
  find_folds: 'cut the rows into folds',
  record_search: 'keep what was found',
  re_train: 'train a challenger',
  transition_model: 'decide and move stages',
  ask_a_person: 'ask a person',
  record_outcome: 'keep the evidence',
  plan_answer: 'look at how things stand',
  record_answer: 'keep the answer',
  plan_rollback: 'find what to go back to',
  refit: 'fit again on the whole month',
  notify: 'notify',
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** What is told of events besides what goes wrong, by PREFECT_LOG_LEVEL. */
type Amount = 'faults' | 'tasks' | 'flows'
const AMOUNTS: Readonly<Record<string, Amount>> = { CRITICAL: 'faults', ERROR: 'faults', INFO: 'flows', DEBUG: 'flows' }

/**
 * Follows events until closed. Quiet when the result is JSON and nobody watches. What tasks log is part of the result and goes with it;
 * where two run at once, the lines of each are kept together. `level` is PREFECT_LOG_LEVEL: ERROR and above tell only of what goes wrong,
 * INFO and below also of each flow run, by its id.
 */
export function openProgress(
  terminal: Terminal,
  level = 'WARNING',
): {
  onEvent(event: FlowEvent): void
  log(line: string): void
  close(): void
} {
  const amount = AMOUNTS[level.toUpperCase()] ?? 'tasks'
  const running = new Map<string, { startedAt: number; text: string }>()
  const failures = openFailures()
  const said = openTaskLines((line) => {
    if (!terminal.json) terminal.out(line)
  })
  let frame = 0
  const redraw = (): void => {
    frame++
    const mark = FRAMES[frame % FRAMES.length] ?? ''
    terminal.show([...running].flatMap(([task, { startedAt, text }]) => liveLines(mark, task, startedAt, text)))
  }
  const timer = terminal.live ? setInterval(redraw, FRAME_MS) : null
  timer?.unref()
  return {
    onEvent(event) {
      if (event.kind === 'task-started') running.set(event.task, { startedAt: performance.now(), text: '' })
      if (event.kind === 'task-completed' || event.kind === 'task-failed') running.delete(event.task)
      if (event.kind === 'task-progress') {
        const startedAt = running.get(event.task)?.startedAt
        if (startedAt !== undefined) running.set(event.task, { startedAt, text: event.text })
      }
      said.onEvent(event)
      const note = noteOf(event, amount, terminal.live)
      for (const line of [...(note === null ? [] : [note]), ...failures.onEvent(event)]) {
        if (terminal.live || !terminal.json) terminal.note(line)
      }
      if (terminal.live) redraw()
    },
    log(line) {
      said.log(line)
      if (terminal.live) redraw()
    },
    close() {
      said.close()
      if (timer !== null) clearInterval(timer)
      running.clear()
      terminal.show([])
    },
  }
}

/** What tasks log: at once while one is at work; while several are, each one's lines wait until it has ended or is the last. */
function openTaskLines(log: (line: string) => void): {
  onEvent(event: FlowEvent): void
  log(line: string): void
  close(): void
} {
  const waiting = new Map<string, string[]>()
  const flush = (task: string): void => {
    for (const line of waiting.get(task)?.splice(0) ?? []) log(line)
  }
  return {
    onEvent(event) {
      if (event.kind === 'task-started') waiting.set(event.task, waiting.get(event.task) ?? [])
      if (event.kind === 'task-log') {
        const lines = waiting.get(event.task)
        if (lines === undefined || waiting.size === 1) log(event.line)
        else lines.push(event.line)
      }
      if (event.kind !== 'task-completed' && event.kind !== 'task-failed') return
      flush(event.task)
      waiting.delete(event.task)
      const [only] = waiting.keys()
      if (waiting.size === 1 && only !== undefined) flush(only)
    },
    log,
    close() {
      for (const task of waiting.keys()) flush(task)
    },
  }
}

/** What tasks failed of, where the run went on or failed of something else: the error that ends the command is told by the command. */
function openFailures(): { onEvent(event: FlowEvent): string[] } {
  const failed: { readonly flowRunId: string; readonly task: string; readonly error: string }[] = []
  return {
    onEvent(event) {
      if (event.kind === 'task-failed') failed.push(event)
      if (event.kind !== 'flow-ended') return []
      return failed
        .filter(({ flowRunId, error }) => flowRunId === event.flowRunId && error !== event.error)
        .map(({ task, error }) => `    ${name(task)}: ${error}`)
    },
  }
}

/** What is noted of an event; null for nothing. Beginnings need no note where they are shown live. */
function noteOf(event: FlowEvent, amount: Amount, live: boolean): string | null {
  switch (event.kind) {
    case 'flow-started': {
      const lines = [
        ...(amount === 'flows' ? [`  flow ${event.flow}, run ${event.flowRunId}`] : []),
        ...(amount !== 'faults' && event.resumed ? ['  going on where an earlier run stopped'] : []),
      ]
      return lines.length === 0 ? null : lines.join('\n')
    }
    case 'task-started':
      return live || amount === 'faults' ? null : `  … ${name(event.task)}`
    case 'task-completed': {
      const howLong = event.replayed ? 'done before' : secondsText(event.durationMs)
      return amount === 'faults' ? null : `  ✓ ${label(event.task)} ${howLong}`
    }
    case 'task-retrying':
      return `  ↻ ${name(event.task)}, again in ${secondsText(event.pauseMs)}: ${event.error}`
    case 'task-failed':
      return `  ✗ ${name(event.task)}` // of what, is said where the command ends
    case 'flow-ended':
      return amount === 'flows' ? `  run ${event.flowRunId} ${event.status}` : null
    case 'task-progress':
    case 'task-log':
      return null
    default:
      return unreachable(event)
  }
}

/** A task that is running, and below it how far it is: beside it there would be room for a word or two. */
function liveLines(mark: string, task: string, startedAt: number, text: string): string[] {
  const line = `  ${mark} ${label(task)} ${secondsText(performance.now() - startedAt)}`
  return text === '' ? [line] : [line, `    ${text}`]
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

/** A task in a column of them. */
function label(task: string): string {
  return name(task).padEnd(52)
}

function name(task: string): string {
  const trial = /^trial_(\d+)$/.exec(task)?.[1]
  if (trial !== undefined) return trial === '0' ? `try the settings in force (${task})` : `try other settings (${task})`
  const words = WORDS[task]
  return words === undefined ? task : `${words} (${task})`
}

/** What work that is shown is handed: it tells of its tasks by `onEvent`, and of what it does outside any by `log`. */
export interface ShownWatch {
  readonly signal: AbortSignal
  readonly onEvent: (event: FlowEvent) => void
  readonly log: (line: string) => void
}

/** Shows what `work` does while it does it. */
export async function withProgress<T>(
  { terminal, signal, settingReports }: Pick<CommandContext, 'terminal' | 'signal' | 'settingReports'>,
  work: (watch: ShownWatch) => Promise<T>,
): Promise<T> {
  const level = settingReports().find(({ name }) => name === 'PREFECT_LOG_LEVEL')?.value
  const progress = openProgress(terminal, level)
  try {
    return await work({ signal, onEvent: progress.onEvent, log: progress.log })
  } finally {
    progress.close()
  }
}
