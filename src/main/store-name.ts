// Which store records belong to: decisions and notices of one home may speak of several.
import { isAbsolute, relative } from 'node:path'
import { sha256 } from '../kernel/json.ts'

/** A short digest of a server's address: without credentials, and the same by whatever name a machine calls itself. */
export function serverName(uri: string): string {
  const { protocol, host, pathname } = new URL(uri)
  const place = host.replace(/^(localhost|\[::1\])(?=:|$)/, '127.0.0.1')
  return sha256(`${protocol}//${place}${pathname.replace(/\/+$/, '')}`).slice(0, 12)
}

/** A short digest. A store inside the home keeps its name when the home is moved; one elsewhere is known by its place. */
export function storeName(databasePath: string, home: string): string {
  const inside = relative(home, databasePath)
  const name = inside.startsWith('..') || isAbsolute(inside) ? databasePath : inside
  return sha256(name).slice(0, 12)
}
