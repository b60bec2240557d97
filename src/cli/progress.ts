// Shows a flow while it runs: live lines per task in a terminal, one plain line per event elsewhere.
import type { FlowEvent } from '../flow/port.ts'
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
/** Levels that show less than usual, and more. */
const QUIET = ['ERROR', 'CRITICAL']
const THOROUGH = ['INFO', 'DEBUG']

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
  const running = new Map<string, { startedAt: number; text: string; lines: string[] }>()
  let frame = 0
  const log = (line: string): void => {
    if (!terminal.json) terminal.out(line)
  }
  const flush = (task: string): void => {
    for (const line of running.get(task)?.lines.splice(0) ?? []) log(line)
  }
  const leave = (task: string): void => {
    flush(task)
    running.delete(task)
    const [only] = running.keys()
    if (running.size === 1 && only !== undefined) flush(only)
  }
  const isQuiet = QUIET.includes(level.toUpperCase())
  const isThorough = THOROUGH.includes(level.toUpperCase())
  const tell = (line: string): void => {
    if (terminal.live || !terminal.json) terminal.note(line)
  }
  const say = (line: string): void => {
    if (!isQuiet) tell(line)
  }
  const redraw = (): void => {
    frame++
    terminal.show(
      [...running].map(([task, { startedAt, text }]) => {
        const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
        return `  ${FRAMES[frame % FRAMES.length]} ${label(task)} ${seconds} s${text === '' ? '' : `  ${text}`}`
      }),
    )
  }
  const timer = terminal.live ? setInterval(redraw, FRAME_MS) : null
  timer?.unref()
  return {
    onEvent(event) {
      switch (event.kind) {
        case 'flow-started':
          if (isThorough) tell(`  flow ${event.flow}, run ${event.flowRunId}`)
          if (event.resumed) say('  going on where an earlier run stopped')
          break
        case 'task-started':
          running.set(event.task, { startedAt: performance.now(), text: '', lines: [] })
          if (!terminal.live) say(`  … ${label(event.task)}`)
          break
        case 'task-progress': {
          const shown = running.get(event.task)
          if (shown !== undefined) shown.text = event.text
          break
        }
        case 'task-retrying':
          tell(`  ↻ ${label(event.task)} again in ${(event.pauseMs / 1000).toFixed(1)} s: ${event.error}`)
          break
        case 'task-completed':
          leave(event.task)
          say(
            `  ✓ ${label(event.task)} ${event.replayed ? 'done before' : `${(event.durationMs / 1000).toFixed(1)} s`}`,
          )
          break
        case 'task-failed':
          leave(event.task)
          tell(`  ✗ ${label(event.task)}: ${event.error}`)
          break
        case 'task-log': {
          const lines = running.get(event.task)?.lines
          if (lines === undefined || running.size === 1) log(event.line)
          else lines.push(event.line)
          break
        }
        case 'flow-ended':
          if (isThorough) tell(`  run ${event.flowRunId} ${event.status}`)
          break
        default:
          event satisfies never
      }
      if (terminal.live) redraw()
    },
    log(line) {
      log(line)
      if (terminal.live) redraw()
    },
    close() {
      for (const task of running.keys()) flush(task)
      if (timer !== null) clearInterval(timer)
      running.clear()
      terminal.show([])
    },
  }
}

function label(task: string): string {
  const words = WORDS[task]
  return (words === undefined ? task : `${words} (${task})`).padEnd(52)
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
