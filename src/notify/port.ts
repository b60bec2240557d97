/** A message about an outcome. */
export interface Notice {
  /** One line, as the channel shows it. */
  readonly text: string
}

/**
 * The port to a channel that tells people. Adapters: `console.ts`. All pass `notifier.contract.ts`:
 * - one line per notice, in the order they were sent;
 * - a notice that cannot be sent is `UNAVAILABLE` and names the channel, and the next one is still tried; whoever sends lets no
 *   such failure end a cycle.
 */
export interface Notifier {
  readonly channel: string
  send(notice: Notice): Promise<void>
}
