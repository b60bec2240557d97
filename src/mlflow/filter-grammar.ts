// The grammar of MLflow's filters. Comparisons, all of which must hold:
//
//   filter     := { comparison | AND }                 the ANDs between comparisons may be doubled or left out, as MLflow has it
//   comparison := operand comparator operand
//               | operand [NOT] IN '(' … ')'
//               | operand IS [NOT] NULL
//   comparator := = != < <= > >= (or any such signs) | [NOT] LIKE | [NOT] ILIKE | [NOT] RLIKE
//   operand    := name | 'text' | "text" | number | '(' … ')'
//
// There is no OR, no NOT before a comparison and no nesting. What names, comparators and values mean is read-filter.ts's.
import { MAX_TOKENS, type Token, tokensOf } from './filter-tokens.ts'

export type Operand =
  | { readonly kind: 'name' | 'quoted' | 'number'; readonly text: string }
  /** What stands in brackets; `text` has them too. */
  | { readonly kind: 'list'; readonly text: string; readonly items: readonly Token[] }

export interface Comparison {
  readonly left: Operand
  /** In capitals, with single blanks: `NOT IN`, `IS NULL`. */
  readonly comparator: string
  /** Null for IS NULL and IS NOT NULL. */
  readonly right: Operand | null
  /** As it is written. */
  readonly text: string
}

export interface Filter {
  /** All of them must hold. */
  readonly comparisons: readonly Comparison[]
  /** What belongs to no comparison, as it is written. A filter that has any means nothing. */
  readonly leftovers: readonly string[]
  /** Whether something follows a semicolon. */
  readonly isSeveral: boolean
  /** Whether there is more than was read. */
  readonly isTooLong: boolean
}

const LIKES: ReadonlySet<string> = new Set(['LIKE', 'ILIKE', 'RLIKE'])

/** Reads a filter, whatever it is. Takes time linear in its length. */
export function parseFilter(text: string, options: Parameters<typeof tokensOf>[1] = {}): Filter {
  const tokens = tokensOf(text, options)
  const parts = partsOf(text, tokens)
  const comparisons: Comparison[] = []
  const leftovers: string[] = []
  let at = 0
  while (at < parts.length) {
    const found = comparisonAt(text, parts, at)
    if (found !== null) {
      comparisons.push(found.comparison)
      at = found.next
      continue
    }
    const part = parts[at]!
    if (wordOf(part) !== 'AND') leftovers.push(part.text)
    at += 1
  }
  const semicolon = parts.findIndex((part) => part.kind === 'semicolon')
  return {
    comparisons,
    leftovers,
    isSeveral: semicolon !== -1 && semicolon < parts.length - 1,
    isTooLong: tokens.length > MAX_TOKENS,
  }
}

/** A token, or all that stands between brackets that close. */
type Part = Token | (Omit<Token, 'kind'> & { readonly kind: 'list'; readonly items: readonly Token[] })

function partsOf(text: string, tokens: readonly Token[]): Part[] {
  const closings = closingsOf(tokens)
  const parts: Part[] = []
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at]!
    const closing = closings.get(at)
    if (closing === undefined) {
      parts.push(token)
      continue
    }
    const to = tokens[closing]!.to
    const items = tokens.slice(at + 1, closing)
    parts.push({ kind: 'list', text: text.slice(token.from, to), items, from: token.from, to })
    at = closing
  }
  return parts
}

/** For each bracket that is closed, by its place among the tokens, the place of the one that closes it. */
function closingsOf(tokens: readonly Token[]): ReadonlyMap<number, number> {
  const closings = new Map<number, number>()
  const open: number[] = []
  for (const [at, { kind }] of tokens.entries()) {
    if (kind === 'open') open.push(at)
    if (kind !== 'close') continue
    const opening = open.pop()
    if (opening !== undefined) closings.set(opening, at)
  }
  return closings
}

function comparisonAt(
  text: string,
  parts: readonly Part[],
  at: number,
): { comparison: Comparison; next: number } | null {
  const left = operandOf(parts[at])
  if (left === null) return null
  const written = comparatorAt(parts, at + 1)
  if (written === null) return null
  const { comparator } = written
  const right = comparator.startsWith('IS ') ? null : operandOf(parts[written.next])
  const needsList = comparator === 'IN' || comparator === 'NOT IN'
  if (!comparator.startsWith('IS ') && (right === null || (needsList && right.kind !== 'list'))) return null
  const next = right === null ? written.next : written.next + 1
  const { from } = parts[at]!
  return { comparison: { left, comparator, right, text: text.slice(from, parts[next - 1]!.to) }, next }
}

function operandOf(part: Part | undefined): Operand | null {
  if (part === undefined || wordOf(part) === 'AND') return null
  switch (part.kind) {
    case 'list':
      return { kind: 'list', text: part.text, items: part.items }
    case 'name':
    case 'quoted':
    case 'number':
      return { kind: part.kind, text: part.text }
    default:
      return null
  }
}

/** The comparator that begins at a place, and where what follows it begins. */
function comparatorAt(parts: readonly Part[], at: number): { comparator: string; next: number } | null {
  const part = parts[at]
  if (part === undefined) return null
  if (part.kind === 'comparator') return { comparator: part.text, next: at + 1 }
  const [first, second, third] = [part, parts[at + 1], parts[at + 2]].map((some) => some && wordOf(some))
  if (first === undefined) return null
  if (first === 'IN' || LIKES.has(first)) return { comparator: first, next: at + 1 }
  if (first === 'IS' && second === 'NULL') return { comparator: 'IS NULL', next: at + 2 }
  if (first === 'IS' && second === 'NOT' && third === 'NULL') return { comparator: 'IS NOT NULL', next: at + 3 }
  if (first === 'NOT' && second !== undefined && (second === 'IN' || LIKES.has(second)))
    return { comparator: `NOT ${second}`, next: at + 2 }
  return null
}

/** A bare word in capitals; '' for anything else. */
function wordOf(part: Part): string {
  return part.kind === 'name' && /^[A-Za-z]+$/.test(part.text) ? part.text.toUpperCase() : ''
}
