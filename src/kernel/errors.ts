// Planned failures: every way a command or a task can fail on purpose. Whatever else is thrown is a bug.

/** Adding a code forces all four columns. `meaning` is what `--help`, the README and an error without a `why` of its own say of it. */
export const ERROR_CODES = {
  BAD_INPUT: { exitCode: 2, httpStatus: 400, retryable: false, meaning: 'what was given or set is wrong' },
  NOT_FOUND: { exitCode: 3, httpStatus: 404, retryable: false, meaning: 'what was asked for is not there' },
  CONFLICT: { exitCode: 4, httpStatus: 409, retryable: false, meaning: 'it conflicts with what is there or under way' },
  BAD_DATA: { exitCode: 5, httpStatus: 422, retryable: false, meaning: 'data or a model cannot be used as they are' },
  UNAVAILABLE: {
    exitCode: 6,
    httpStatus: 503,
    retryable: true,
    meaning: 'something that is needed cannot be used now',
  },
  CANCELLED: {
    exitCode: 130,
    httpStatus: 499,
    retryable: false,
    meaning: 'it was told to stop, by Ctrl-C or a signal',
  },
} as const satisfies Record<string, { exitCode: number; httpStatus: number; retryable: boolean; meaning: string }>

/** What every command may end with: the codes above, and the two that are no planned failure. */
export const EXIT_CODES: readonly { readonly exitCode: number; readonly meaning: string }[] = [
  { exitCode: 0, meaning: 'done; any verdict is a 0' },
  { exitCode: 1, meaning: 'a bug in Understudy; please report what was printed' },
  ...Object.values(ERROR_CODES).map(({ exitCode, meaning }) => ({ exitCode, meaning })),
]

export type ErrorCode = keyof typeof ERROR_CODES
type Facts = Readonly<Record<string, string | number | boolean | null>>

/**
 * A failure we foresaw. It says what happened, with which values; `why`, where that is not plain; and what to do `next`. The message is all
 * of it in one sentence: `what: why; next`.
 */
export class PlannedError extends Error {
  readonly code: ErrorCode
  readonly facts: Facts
  readonly what: string
  readonly why: string | null
  readonly next: string | null

  constructor(
    code: ErrorCode,
    what: string,
    options: { why?: string; next?: string; facts?: Facts; cause?: unknown } = {},
  ) {
    const { why, next } = options
    const message = `${what}${why === undefined ? '' : `: ${why}`}${next === undefined ? '' : `; ${next}`}`
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'PlannedError'
    this.code = code
    this.facts = options.facts ?? {}
    this.what = what
    this.why = why ?? null
    this.next = next ?? null
  }
}

/**
 * Whether a thrown value is a planned error, optionally of one code. Recognised by name and code, never by
 * `instanceof`: what crosses a thread or a database row has lost its class.
 */
export function isPlanned(error: unknown, code?: ErrorCode): error is PlannedError {
  if (typeof error !== 'object' || error === null) return false
  const { name, code: found } = error as { name?: unknown; code?: unknown } // read-only peek; both are checked below
  return (
    name === 'PlannedError' &&
    typeof found === 'string' &&
    Object.hasOwn(ERROR_CODES, found) &&
    (code ?? found) === found
  )
}

/** The message of anything that was thrown, an error that has lost its class on the way here included. */
export function messageOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { message } = error as { message?: unknown } // read-only peek; checked below
  return typeof message === 'string' ? message : Object.prototype.toString.call(error)
}

/** Marks a branch the types rule out. Throws if it is reached all the same. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`)
}

/** Throws `CANCELLED` if the signal has fired. Call it between two steps of anything long. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) {
    const reason: unknown = signal.reason
    throw isPlanned(reason) ? reason : stoppedOnRequest()
  }
}

/** What the work that a person stopped ends with. */
export function stoppedOnRequest(): PlannedError {
  return new PlannedError('CANCELLED', 'stopped on request', { next: 'run the same command again to go on' })
}
