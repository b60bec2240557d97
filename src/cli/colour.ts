// Colours, only where they help: on a terminal, one stream at a time, and never where somebody said no.
import { stripVTControlCharacters } from 'node:util'

/** What text can be marked with. On a stream without colours each of them gives back what it was given. */
export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

const same = (text: string): string => text
/** No colours. */
export const PLAIN: Style = { bold: same, dim: same, red: same, green: same, yellow: same }

/** "Select graphic rendition" of ECMA-48: what begins it and what ends it. */
const marked = (begin: number, end: number) => (text: string) => `\u001b[${begin}m${text}\u001b[${end}m`
const COLOURFUL: Style = {
  bold: marked(1, 22),
  dim: marked(2, 22),
  red: marked(31, 39),
  green: marked(32, 39),
  yellow: marked(33, 39),
}

/**
 * The style of a stream. `NO_COLOR` with any value says no to all; else `FORCE_COLOR` decides (`0` is no), and without it a
 * terminal has colours unless `TERM` is `dumb`.
 */
export function styleOf(
  stream: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Style {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment
  if (NO_COLOR) return PLAIN
  if (FORCE_COLOR) return FORCE_COLOR === '0' || FORCE_COLOR === 'false' ? PLAIN : COLOURFUL
  return stream.isTTY === true && TERM !== 'dumb' ? COLOURFUL : PLAIN
}

/** Characters that a text takes on the screen; what only colours it takes none. */
export function widthOf(text: string): number {
  return [...stripVTControlCharacters(text)].length
}
