// Shows a flow while it runs: live lines per task in a terminal, one plain line per event elsewhere.
import type { FlowEvent } from '../flow/port.ts'
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
  record_outcome: 'keep the evidence',
  refit: 'fit again on the whole month',
  notify: 'notify',
}

const FRAMES = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const FRAME_MS = 100

/** Follows events until closed. Quiet when the result is JSON and nobody watches. */
export function openProgress(terminal: Terminal): { onEvent(event: FlowEvent): void; close(): void } {
  const running = new Map<string, { startedAt: number; text: string }>()
  let frame = 0
  const say = (line: string): void => {
    if (terminal.live || !terminal.json) terminal.note(line)
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
          if (event.resumed) say('  going on where an earlier run stopped')
          break
        case 'task-started':
          running.set(event.task, { startedAt: performance.now(), text: '' })
          if (!terminal.live) say(`  … ${label(event.task)}`)
          break
        case 'task-progress': {
          const shown = running.get(event.task)
          if (shown !== undefined) shown.text = event.text
          break
        }
        case 'task-retrying':
          say(`  ↻ ${label(event.task)} again in ${(event.pauseMs / 1000).toFixed(1)} s: ${event.error}`)
          break
        case 'task-completed':
          running.delete(event.task)
          say(
            `  ✓ ${label(event.task)} ${event.replayed ? 'done before' : `${(event.durationMs / 1000).toFixed(1)} s`}`,
          )
          break
        case 'task-failed':
          running.delete(event.task)
          say(`  ✗ ${label(event.task)}: ${event.error}`)
          break
        case 'task-log':
        case 'flow-ended':
          break
        default:
          event satisfies never
      }
      if (terminal.live) redraw()
    },
    close() {
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

/** Shows what `work` does while it does it. */
export async function withProgress<T>(
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
  work: (watch: { readonly signal: AbortSignal; readonly onEvent: (event: FlowEvent) => void }) => Promise<T>,
): Promise<T> {
  const progress = openProgress(terminal)
  try {
    return await work({ signal, onEvent: progress.onEvent })
  } finally {
    progress.close()
  }
}
