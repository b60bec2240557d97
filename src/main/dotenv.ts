// `.env`, beside package.json: what it sets, and in which line.
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { messageOf, PlannedError } from '../kernel/errors.ts'

export interface Dotenv {
  readonly values: Readonly<Record<string, string | undefined>>
  /** The line that sets each name, from 1; the last one, if there are several. */
  readonly lines: Readonly<Record<string, number>>
  /** The lines that say something and set nothing. */
  readonly unread: readonly number[]
}

/** The `.env` at a path; none is the same as an empty one. Throws `BAD_INPUT` if it cannot be read. */
export function readDotenv(path: string): Dotenv {
  try {
    return parseDotenv(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return parseDotenv('')
    throw new PlannedError('BAD_INPUT', `${path} cannot be read`, {
      why: messageOf(error),
      next: 'make it a text file that you may read, or remove it',
      cause: error,
    })
  }
}

/**
 * @example parseDotenv('# first\nSEED=1\nexport DATA_SIZE="1k" # small').values // => { SEED: '1', DATA_SIZE: '1k' }
 */
export function parseDotenv(text: string): Dotenv {
  const lines: Record<string, number> = {}
  const plain = text.replace(/^\uFEFF/, '') // some editors begin a file with a mark
  const unread: number[] = []
  const texts = plain.split(/\r?\n/)
  for (let at = 0; at < texts.length; at++) {
    const line = texts[at]!
    const [, name, quote, rest = ''] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(["'`])?(.*)$/.exec(line) ?? []
    if (name !== undefined) lines[name] = at + 1
    else if (!/^\s*(#|$)/.test(line)) unread.push(at + 1)
    if (quote === undefined || rest.includes(quote)) continue
    const end = texts.findIndex((text, index) => index > at && text.includes(quote))
    if (end > 0) at = end // a value of several lines
  }
  return { values: parseEnv(plain), lines, unread }
}
