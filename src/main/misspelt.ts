// Names in `.env` and the environment that are nearly a setting's: a slip of the finger would otherwise change nothing, in silence.
import { closest } from '../kernel/spelling.ts'

/** The names there are: settings of one model each, settings all models share, and what a model's own settings begin with. */
export interface KnownNames {
  readonly own: readonly string[]
  readonly shared: readonly string[]
  readonly prefixes: readonly string[]
}

/** For each name that is no setting but nearly one, which it may mean. */
export function misspelt(names: readonly string[], known: KnownNames): readonly { name: string; meant: string }[] {
  return names.flatMap((name) => {
    const meant = meaningOf(name, known)
    return meant === null || meant === name ? [] : [{ name, meant }]
  })
}

/** The setting a name stands for or was meant to; null where it has nothing to do with one. */
function meaningOf(name: string, { own, shared, prefixes }: KnownNames): string | null {
  const at = name.indexOf('__') + 2
  const rest = name.slice(at)
  const plain = [...own, ...shared]
  if (at < 2) return plain.includes(name) ? name : closest(name, plain)
  const setting = plain.includes(rest) ? rest : closest(rest, plain)
  if (setting === null) return null
  const prefix = closest(name.slice(0, at), prefixes)
  if (prefix !== null) return shared.includes(setting) ? setting : `${prefix}${setting}`
  return null
}
