/** A message about an outcome. */
export interface Notice {
  /** One line, as the channel shows it. */
  readonly text: string
}

/**
 * The port to a channel that tells people. Adapters: `console.ts`, `chat-form.ts`. All pass `notifier.contract.ts`:
 * - one line per notice, in the order they were sent;
 * - a notice that cannot be sent is `UNAVAILABLE` and names the channel, and the next one is still tried; so is an attempt that is stopped
 *   by its signal.
 */
export interface Notifier {
  readonly channel: string
  send(notice: Notice, options?: { readonly signal?: AbortSignal }): Promise<void>
}

/** A notice for one outside channel, kept until it was sent or a person dropped it. */
export type KeptNotice = {
  readonly id: number
  /** The project it is about. */
  readonly project: string
  readonly channel: string
  readonly text: string
  readonly postedAtMs: number
  /** How often sending it was begun. */
  readonly attempts: number
  /** What the last failed attempt said. */
  readonly lastError: string | null
} & (
  | {
      readonly state: 'waiting'
      /** Not tried by itself before that. */
      readonly nextAttemptAtMs: number
      /** The oldest waiting notice of its channel, if that is another one: it goes first. */
      readonly behind: number | null
    }
  | { readonly state: 'sent'; readonly sentAtMs: number }
  | { readonly state: 'dropped'; readonly droppedAtMs: number; readonly by: string; readonly why: string }
)
export type WaitingNotice = Extract<KeptNotice, { state: 'waiting' }>

/** What one attempt to deliver a channel's notices came to. */
export type Delivery = {
  readonly channel: string
  readonly sent: number
  /** How many wait now. */
  readonly waiting: number
  /** Why the oldest of them was not sent when it was last tried; null if none waits, or it never was. */
  readonly error: string | null
}

/** Somebody who was not told when a notice was posted, and why. */
export interface Untold {
  readonly channel: string
  readonly why: string
}

/**
 * The port to the notices that are to reach the outside, whatever happens to the process that wrote them. Adapters: `outbox-sqlite.ts`.
 * All pass `outbox.contract.ts`:
 * - at least once; a notice of one key is put in once per channel, and in normal operation sent once, by however many processes;
 * - in order per channel: the oldest goes first, and one that cannot be sent holds back those behind it, in its own channel only;
 * - a channel that is down fails nothing and holds nobody up for longer than the bound; it is tried again, less and less often (1 min to 6 h),
 *   for ever, and when the next notice is posted, unless it failed within the last minute;
 * - the terminal at hand is told at once, once per process and key, and nothing is kept for it;
 * - where no channel is set nothing is kept; what is kept for a channel waits while that is not set, and goes to where it points by then.
 */
export interface Outbox {
  /** The outside channels that are set. */
  readonly channels: readonly string[]
  /**
   * Tells the terminal, keeps the notice for each outside channel in one transaction, and tries to deliver it, for some 5 s at most. `key`
   * names the occasion: posted again, the notice is the same one. A channel that is down is an answer, not an error.
   *
   * Throws  as the database does, if the notice cannot be kept: then nobody was told.
   */
  post(key: string, notice: Notice, options?: { readonly signal?: AbortSignal }): Promise<readonly Untold[]>
  /**
   * Delivers what waits for the channels that are set: what is `due`, or all of it `now`. Where another process is at it, waits for up to
   * `waitMs` (0 if absent) to see what came of it.
   */
  deliver(options: {
    readonly when: 'due' | 'now'
    readonly waitMs?: number
    readonly signal?: AbortSignal
  }): Promise<readonly Delivery[]>
  /** Everything that was ever kept, in the order in which it was posted. */
  notices(): Promise<readonly KeptNotice[]>
  /**
   * Takes a waiting notice out for good. Throws `NOT_FOUND`; `CONFLICT` if it was sent or dropped, or is on its way.
   */
  drop(id: number, reason: { readonly by: string; readonly why: string }): Promise<void>
  /** Gives what is on its way a moment (2 s), then stops it: it stays kept. */
  [Symbol.asyncDispose](): Promise<void>
}
