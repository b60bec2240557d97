/** A message about an outcome. */
export interface Notice {
  /** One line, as the channel shows it. */
  readonly text: string
}

/**
 * The port to a channel that tells people. Adapters: `console.ts`.
 * - in order per channel; a channel that fails never fails the cycle.
 */
export interface Notifier {
  readonly channel: string
  send(notice: Notice): Promise<void>
}
