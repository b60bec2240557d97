// Slips of the finger: which known word a word that is none may have been meant to be.

/** The known word that is one slip away, or two in a word of more than four letters; the nearest, the first of several. */
export function closest(word: string, known: readonly string[]): string | null {
  let found: string | null = null
  let fewest = word.length > 4 ? 3 : 2
  for (const candidate of known) {
    if (Math.abs(word.length - candidate.length) >= fewest) continue // each letter too many is a slip
    const slips = distance(word, candidate)
    if (slips < fewest) [found, fewest] = [candidate, slips]
  }
  return found
}

/**
 * Letters to change, add, leave out or exchange with their neighbour on the way from one word to another.
 * Source  F. J. Damerau, Communications of the ACM 7(3), 1964; no letter is touched twice.
 */
function distance(from: string, to: string): number {
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      const isExchange = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const exchange = isExchange ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1, exchange))
    }
    before = row
    row = next
  }
  return row[to.length]!
}
