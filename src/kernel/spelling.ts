// Slips of the finger: which known word a word that is none may have been meant to be.

/** The known word with the fewest letters changed, added or left out, if there is one within `most` of them; the first of several. */
export function closest(word: string, known: readonly string[], most = 2): string | null {
  let found: string | null = null
  let fewest = most + 1
  for (const candidate of known) {
    const letters = distance(word, candidate)
    if (letters < fewest) [found, fewest] = [candidate, letters]
  }
  return found
}

/** Letters to change, add or leave out on the way from one word to another (V. I. Levenshtein, Soviet Physics Doklady 10, 1966). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const change = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[to.length]!
}
