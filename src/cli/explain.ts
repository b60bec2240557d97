// What went wrong, in three lines: what, why, and what to do. A stack is shown for a bug, and for nothing else.
import { ERROR_CODES, type ErrorCode, isPlanned, messageOf, type PlannedError } from '../kernel/errors.ts'
import type { Terminal } from './terminal.ts'

/** A failure in the words of a person, or of a script: with `--json` it is the last line of standard error. */
export interface Explanation {
  readonly code: ErrorCode | 'BUG'
  readonly what: string
  readonly why: string
  readonly next: string
  readonly facts: PlannedError['facts']
}

/** How an instruction begins, where a message still carries it behind its last semicolon. */
const INSTRUCTION =
  /^(?:\.\/understudy|add|ask|check|choose|clean|correct|encode|end|export|free|give|import|look|lower|make|move|name|put|raise|remove|rename|restore|run|see|set|start|stop|train|try|update|use|wait|widen|write)\b/

/** The words for anything that was thrown. Nothing of it is empty: a code has a meaning, and doctor can always be asked. */
export function explanationOf(error: unknown): Explanation {
  if (!isPlanned(error)) {
    return {
      code: 'BUG',
      what: `this is a bug: ${error instanceof Error ? error.name : 'thrown'}: ${messageOf(error)}`,
      why: 'nobody foresaw it (exit code 1)',
      next: 'please report it: what you typed, and the lines below',
      facts: {},
    }
  }
  const { exitCode, meaning } = ERROR_CODES[error.code]
  const { what, next } = wordsOf(error)
  return {
    code: error.code,
    what,
    why: error.why ?? `${meaning} (exit code ${exitCode})`,
    next: next ?? 'run ./understudy doctor, which checks the settings and this machine',
    facts: error.facts ?? {},
  }
}

/** What crossed a thread or a database has its message and nothing more. */
function wordsOf(error: Partial<PlannedError>): { what: string; next: string | null } {
  const what = error.what ?? messageOf(error)
  if (error.next) return { what, next: error.next }
  const at = what.lastIndexOf('; ')
  const rest = what.slice(at + 2)
  return at > 0 && INSTRUCTION.test(rest) ? { what: what.slice(0, at), next: rest } : { what, next: null }
}

/** Prints what went wrong, and returns the exit code for it. */
export function explain(error: unknown, terminal: Terminal): number {
  const { code, what, why, next, facts } = explanationOf(error)
  const stack = code === 'BUG' && error instanceof Error ? (error.stack ?? null) : null
  if (terminal.json) {
    terminal.note(JSON.stringify({ error: { code, what, why, next, facts, ...(stack === null ? {} : { stack }) } }))
  } else {
    const { red, dim } = terminal.noteStyle
    terminal.note(`${red('understudy:')} ${what}\n  ${dim('why:')} ${why}\n  ${dim('do:')}  ${next}`)
    if (stack !== null) terminal.note(`\n${stack}`)
  }
  return code === 'BUG' ? 1 : ERROR_CODES[code].exitCode
}
