// Which store records belong to: decisions and notices of one home may speak of several.
import { isAbsolute, relative } from 'node:path'
import { sha256 } from '../kernel/json.ts'

/** A short digest. A store inside the home keeps its name when the home is moved; one elsewhere is known by its place. */
export function storeName(databasePath: string, home: string): string {
  const inside = relative(home, databasePath)
  const name = inside.startsWith('..') || isAbsolute(inside) ? databasePath : inside
  return sha256(name).slice(0, 12)
}
