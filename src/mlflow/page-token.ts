// Tokens that say where the next page of an answer begins: base64 of a JSON object, as MLflow's are.
import { invalid } from './error.ts'
import { pythonBytes, pythonText } from './python-text.ts'

/** Letters of a token at most; none that was made here has more. */
const MAX_LENGTH = 4096
/** As much of a search for logged models: its token names up to 20 000 experiments, and repeats the filter. */
const MAX_SEARCH_LENGTH = 2 * 1024 * 1024
/** Letters of a value that a message repeats. */
const REPEATED_LETTERS = 1000

/** What a page is cut from: `LIMIT` one more than asked for tells whether there is a next one. */
export interface Page<Row> {
  readonly rows: readonly Row[]
  /** Where the next page begins; null if this is the last. */
  readonly nextOffset: number | null
}

/** The page of at most `size` rows that begins at `offset`, from rows read with a limit of `size + 1`. */
export function pageOf<Row>(rows: readonly Row[], size: number, offset: number): Page<Row> {
  return rows.length > size ? { rows: rows.slice(0, size), nextOffset: offset + size } : { rows, nextOffset: null }
}

/** The token of an offset: `{"offset": 1}` in base64. */
export function tokenOf(offset: number): string {
  return encoded(`{"offset": ${offset}}`)
}

/** The offset that a token stands for; 0 for none. Throws `INVALID_PARAMETER_VALUE` for one that was not made here. */
export function offsetOf(token: string | undefined): number {
  if (token === undefined || token === '') return 0
  const bytes = decoded(token, MAX_LENGTH)
  const value = parsed(bytes)
  if (value === undefined) throw invalid(`Invalid page token, decoded value=${pythonBytes(bytes)}`)
  const offset: unknown = isObject(value) ? value.offset : undefined
  if (offset === undefined || offset === null || offset === 0 || offset === '')
    throw invalid(`Invalid page token, parsed value=${pythonText(value as never)}`) // JSON, as `pythonText` takes it
  const number = typeof offset === 'string' && offset.trim() !== '' ? Number(offset) : offset
  if (isOffset(number)) return number
  throw invalid(`Invalid page token, not stringable ${String(offset)}`)
}

/** What the token of a search for logged models says: the search it belongs to, and where its next page begins. */
export interface LoggedModelsToken {
  readonly experiment_ids: readonly string[]
  readonly filter_string: string | null
  readonly order_by: readonly object[] | null
  readonly offset: number
}

export function loggedModelsTokenOf(token: LoggedModelsToken): string {
  return encoded(JSON.stringify(token))
}

/** The offset in a token of the same search; 0 for none. Throws `INVALID_PARAMETER_VALUE` for another search's. */
export function loggedModelsOffset(token: string | undefined, search: Omit<LoggedModelsToken, 'offset'>): number {
  if (token === undefined || token === '') return 0
  const value = parsed(decoded(token, MAX_SEARCH_LENGTH))
  if (!isObject(value)) throw invalid(`Invalid page token: ${cut(token)}.`)
  const matches = (named: string, field: keyof typeof search): void => {
    const [found, expected] = [value[field] ?? null, search[field]]
    if (JSON.stringify(found) === JSON.stringify(expected)) return
    throw invalid(
      `${named} in the page token ${named.endsWith('s') ? 'do' : 'does'} not match the requested ` +
        `${named === 'Experiment IDs' ? 'experiment IDs' : named.toLowerCase()}. ` +
        `Expected: ${shown(expected)}. Found: ${shown(found)}`,
    )
  }
  matches('Experiment IDs', 'experiment_ids')
  matches('Filter string', 'filter_string')
  matches('Order by', 'order_by')
  const offset = value.offset ?? 0
  if (!isOffset(offset)) throw invalid(`Invalid page token, parsed value=${shown(value)}`)
  return offset
}

/** A value of a token in a message: a bare text, or as Python shows it. */
function shown(value: unknown): string {
  return cut(typeof value === 'string' ? value : pythonText(value as never)) // JSON, as `pythonText` takes it
}

function cut(text: string): string {
  return text.length <= REPEATED_LETTERS ? text : `${text.slice(0, REPEATED_LETTERS)}…`
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Base64 as Python reads it: other signs are passed over, but what is left must be whole. */
function decoded(token: string, most: number): Buffer {
  if (token.length > most)
    throw invalid(`Invalid page token: it has ${token.length} characters; at most ${most} are read.`)
  const [, signs = '', padding = ''] = /^([^=]*)(=*)/.exec(token.replace(/[^A-Za-z0-9+/=]/g, '')) ?? []
  const rest = signs.length % 4
  if (rest === 1 || (rest > 1 && padding.length < 4 - rest))
    throw invalid('Invalid page token, could not base64-decode')
  return Buffer.from(signs, 'base64')
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isOffset(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
