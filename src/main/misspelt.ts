// Names in `.env` that are nearly a setting's: a slip of the finger would otherwise change nothing, in silence.
import { closest } from '../kernel/spelling.ts'

/** For each name that is no setting but one or two letters away from one, which it may mean. */
export function misspelt(
  names: readonly string[],
  known: readonly string[],
): readonly { name: string; meant: string }[] {
  return names
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const meant = closest(name, known)
      return meant === null ? [] : [{ name, meant }]
    })
}
