// Paths and addresses that strangers hand in: which of them name something below a folder that is trusted, however they are spelt.
import { invalid } from './error.ts'

/** How often a text is percent-decoded at most. One that still changes then was made to hide something. */
const MAX_DECODINGS = 10

/** One percent-encoded byte after the other: decoded together, since a character may take several. */
const ENCODED_BYTES = /(?:%[0-9a-f]{2})+/gi

/** Characters that parsers of URLs drop wherever they stand, so that `%2<tab>e` becomes `%2e` on the way. */
const DROPPED_BY_PARSERS = /[\t\r\n]/g

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL_CHARACTERS = /[\x01-\x1f\x7f]/g

/** `C:`, `file:` however it goes on, and any other scheme that a slash follows. A colon elsewhere is an ordinary letter. */
const DRIVE_OR_SCHEME = /^(?:[a-z]:|file:|[a-z][a-z0-9+.-]*:\/)/i

/**
 * The path below a trusted folder that a text names, decoded until nothing is left to decode and without `.` parts and slashes at its end;
 * '' for the folder itself. Clients of MLflow encode a path once, twice or not at all, depending on where they put it: all of them mean
 * the same file. A control character that appears is written as its code again, so that `step%100` stays what it is.
 *
 * Throws `INVALID_PARAMETER_VALUE` "Invalid path" if the text, decoded however often, is absolute, climbs by `..`, has a doubled slash,
 * a backslash, a NUL or a `#`, or begins with a drive or a scheme.
 */
export function safePath(text: string): string {
  const spellings = isSafePath(text) ? spellingsOf(text) : null
  if (spellings === null) throw invalid('Invalid path')
  return spellings
    .at(-1)!
    .replace(CONTROL_CHARACTERS, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
    .split('/')
    .filter((part) => part !== '.' && part !== '')
    .join('/')
}

/** Whether `safePath` would let it pass. */
export function isSafePath(path: string): boolean {
  const spellings = spellingsOf(path)
  return path.isWellFormed() && spellings?.every(isPlain) === true
}

/** A text as it stands after no, one, two… decodings, until it stays the same; null if it does not after ten. */
export function spellingsOf(text: string): readonly string[] | null {
  const spellings = [text]
  for (let times = 0; times < MAX_DECODINGS; times++) {
    const last = spellings.at(-1)!
    const next = decodedOnce(last).replace(DROPPED_BY_PARSERS, '')
    if (next === last) return spellings
    spellings.push(next)
  }
  return null
}

/** Whether a way up stands in an address, in any spelling: also one that stays inside is more than a place needs. */
export function climbs(address: string): boolean {
  const spellings = spellingsOf(address)
  return spellings === null || spellings.some((text) => text.split(/[/\\:]/).some((part) => part.trim() === '..'))
}

/** Decodes what is percent-encoded and leaves a lone `%` as it is. Bytes that are no UTF-8 become U+FFFD. */
export function decodedOnce(text: string): string {
  return text.replace(ENCODED_BYTES, (bytes) => Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8'))
}

function isPlain(path: string): boolean {
  if (/[\0\\#]/.test(path) || path.includes('//') || path.startsWith('/') || DRIVE_OR_SCHEME.test(path)) return false
  return !path.split('/').some((part) => part.trim() === '..')
}
