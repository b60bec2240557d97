// Names in `.env` that are nearly a setting's: a slip of the finger would otherwise change nothing, in silence.

/** For each name that is no setting but one or two letters away from one, which it may mean. */
export function misspelt(
  names: readonly string[],
  known: readonly string[],
): readonly { name: string; meant: string }[] {
  return names
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((setting) => distance(name, setting) <= 2)
      return meant === undefined ? [] : [{ name, meant }]
    })
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
