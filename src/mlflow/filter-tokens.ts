// The words of MLflow's filter and order_by texts: names with their keys, quoted texts, numbers, comparators, brackets.

type TokenKind =
  /** Parts joined by dots, each bare, in backticks or (but for the first) in quotes: metrics.`a b`, tags.mlflow.user, status. */
  | 'name'
  /** 'a text' or "a text", quotes and all. */
  | 'quoted'
  | 'number'
  /** Any run of the signs that comparisons are written with. */
  | 'comparator'
  | 'open'
  | 'close'
  | 'comma'
  | 'semicolon'
  /** A sign that means nothing here, or a quote that is never closed with all that follows it. */
  | 'other'

export interface Token {
  readonly kind: TokenKind
  /** As it is written. */
  readonly text: string
  /** Where it begins, and the place after it. */
  readonly from: number
  readonly to: number
}

// Each is tried once where a token begins and takes all that it looks at, or fails within a number's digits, which a bare word then
// takes: so reading is linear in the text's length.
const BLANKS = /\s+/y
const NUMBER = /-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_])/uy
const BARE = /[\p{L}\p{N}_][\p{L}\p{N}_$#]*/uy
const BARE_WITH_SIGNS = /[\p{L}\p{N}_][\p{L}\p{N}_$#/-]*/uy
const COMPARATOR = /[<>=~!]+/y

const SIGNS: Readonly<Record<string, TokenKind>> = { '(': 'open', ')': 'close', ',': 'comma', ';': 'semicolon' }

/** Tokens read of one text at most, and one more to tell that there are more: room for a list of some thousand ids. */
export const MAX_TOKENS = 20_000

/**
 * The tokens of a text, in order. Nothing is refused here: what makes no sense is told by the grammar. `key` is what a bare part after a
 * dot looks like: with or without - and / in it.
 */
export function tokensOf(text: string, { keysHaveSigns = false }: { readonly keysHaveSigns?: boolean } = {}): Token[] {
  const key = keysHaveSigns ? BARE_WITH_SIGNS : BARE
  const tokens: Token[] = []
  let at = endOf(BLANKS, text, 0)
  while (at < text.length && tokens.length <= MAX_TOKENS) {
    const [kind, to] = tokenAt(text, at, key)
    tokens.push({ kind, text: text.slice(at, to), from: at, to })
    at = endOf(BLANKS, text, to)
  }
  return tokens
}

/** The kind of the token that begins at a place, and where it ends. */
function tokenAt(text: string, at: number, key: RegExp): [TokenKind, number] {
  const number = endOf(NUMBER, text, at)
  if (number > at) return ['number', number]
  const comparator = endOf(COMPARATOR, text, at)
  if (comparator > at) return ['comparator', comparator]
  const sign = text[at]!
  if (sign === "'") return quotedAt(text, at)
  if (sign === '"') {
    const [kind, to] = quotedAt(text, at)
    return kind === 'quoted' && text[to] === '.' && partEnd(text, to + 1, key) > to + 1
      ? nameFrom(text, to, key)
      : [kind, to]
  }
  if (sign === '`') {
    const to = closing(text, at)
    return to === -1 ? ['other', text.length] : nameFrom(text, to, key)
  }
  const bare = endOf(BARE, text, at)
  if (bare > at) return nameFrom(text, bare, key)
  return [SIGNS[sign] ?? 'other', at + wholeSign(text, at)]
}

function quotedAt(text: string, at: number): [TokenKind, number] {
  const to = closing(text, at)
  return to === -1 ? ['other', text.length] : ['quoted', to]
}

/** The end of a name whose first part ends at a place: all the parts that follow, each after a dot. */
function nameFrom(text: string, firstEnd: number, key: RegExp): ['name', number] {
  let end = firstEnd
  while (text[end] === '.') {
    const next = partEnd(text, end + 1, key)
    if (next === end + 1) break // nothing that could be a key follows the dot
    end = next
  }
  return ['name', end]
}

/** Where the part of a name that begins at a place ends; the place itself if none does. */
function partEnd(text: string, at: number, key: RegExp): number {
  const sign = text[at]
  if (sign !== '`' && sign !== '"' && sign !== "'") return endOf(key, text, at)
  const end = closing(text, at)
  return end === -1 ? at : end
}

/**
 * The place after the quote that closes the one at a place; -1 if none does. A doubled quote is part of what is quoted, and so is one
 * after a backslash, unless no other is left to close it: 'C:\' is a text.
 */
function closing(text: string, at: number): number {
  const quote = text[at]!
  let escaped = -1
  for (let next = text.indexOf(quote, at + 1); next !== -1; next = text.indexOf(quote, next + 1)) {
    if (quote !== '`' && text[next - 1] === '\\' && next - 1 > at) escaped = next + 1
    else if (text[next + 1] === quote) next += 1
    else return next + 1
  }
  return escaped
}

/** Where what an expression matches at a place ends; the place itself if it does not match. */
function endOf(expression: RegExp, text: string, at: number): number {
  expression.lastIndex = at
  return expression.test(text) ? expression.lastIndex : at
}

/** One sign, or the two halves of one that UTF-16 writes in two. */
function wholeSign(text: string, at: number): number {
  return (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1
}
