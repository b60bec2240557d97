// Whether a place among this machine's files lies within a folder, however it is spelt and wherever links lead.
import { realpath } from 'node:fs/promises'
import { dirname, resolve, sep } from 'node:path'
import { spellingsOf } from './safe-path.ts'
import { type Uri, uriOf } from './uri.ts'

/**
 * Whether the place of a path or a `file:` address is the folder of another or lies in it: as it stands, after every decoding of it, and
 * after following the links on the way. What is not there yet cannot be a link. A folder that is not one of this machine's contains nothing.
 */
export async function placeInside(folder: string, place: string): Promise<boolean> {
  const root = placeOf(folder)
  const meant = placesOf(place)
  if (root === null || meant === null || !meant.every((one) => isInside(root, one))) return false
  const realRoot = await realPlace(root)
  for (const one of meant) if (!isInside(realRoot, await realPlace(one))) return false
  return true
}

/** The place that a path or a `file:` address means, decoded once; null for no local one, or one that hides something. */
export function placeOf(address: string): string | null {
  return placesOf(address)?.[0] ?? null
}

/** The places an address may mean: decoded once, twice… as often as that changes it. Null for no local one, or one that hides something. */
function placesOf(address: string): readonly string[] | null {
  const uri = uriOf(address)
  const { path, rest } = uri
  if (!isOnThisMachine(uri) || rest !== '' || !path.startsWith('/')) return null
  const spellings = spellingsOf(path)
  if (spellings === null || spellings.some((one) => /[\p{Cc}\\]/u.test(one))) return null
  const decoded = spellings.length === 1 ? spellings : spellings.slice(1)
  return decoded.map((one) => resolve(one))
}

/** Whether an address has the form of a path, or of a file's without another machine's name. */
export function isOnThisMachine({ scheme, authority }: Uri): boolean {
  return scheme === '' || (scheme === 'file' && /^(?:|\.|localhost|127\.0\.0\.1)$/i.test(authority ?? ''))
}

function isInside(folder: string, place: string): boolean {
  return place === folder || place.startsWith(folder.endsWith(sep) ? folder : folder + sep)
}

/** Where a place really is, links followed as far as something is there. */
async function realPlace(place: string): Promise<string> {
  const found = await realpath(place).catch(() => null)
  const above = dirname(place)
  if (found !== null || above === place) return found ?? place
  return resolve(await realPlace(above), place.slice(above.length).replace(/^[/\\]+/, ''))
}
