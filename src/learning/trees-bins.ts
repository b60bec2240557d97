// Bins: each column's values in up to 255 groups that follow one another, and one more for those without a value.

/** Distinct values in ascending order, and how many rows have each. */
export interface DistinctValues {
  readonly values: Float32Array
  readonly counts: Float64Array
}

/**
 * Values this close to each other, as a share of the largest in their column, count as one. Sines and cosines differ by as much
 * between DuckDB, JavaScript and onnxruntime (the sine of pi is 1.2e-16 in two of them and 0 in the third), so that no threshold
 * may lie between them; with a hundredfold and more to spare.
 */
const NOISE = 1e-12

/** The distinct values among some, each the least of those that count as one; NaN left out. Sorts what it is given. */
export function distinctValues(sample: Float32Array): DistinctValues {
  sample.sort() // numerically, NaN last
  const missing = sample.findIndex(Number.isNaN)
  const numbers = missing < 0 ? sample : sample.subarray(0, missing)
  const noise = NOISE * Math.max(Math.abs(numbers[0] ?? 0), Math.abs(numbers.at(-1) ?? 0))
  const values = new Float32Array(numbers.length)
  const counts = new Float64Array(numbers.length)
  let distinct = 0
  for (const value of numbers) {
    if (distinct === 0 || value - values[distinct - 1]! > noise) values[distinct++] = value
    counts[distinct - 1]! += 1 // there is one
  }
  return { values: values.slice(0, distinct), counts: counts.slice(0, distinct) }
}

/**
 * Where one bin ends and the next begins: `value <= thresholds[bin]` holds for the values of this bin and those before it. Up
 * to `bins` distinct values have a bin each. Beyond that a value with more rows than an even share has one of its own, and the
 * others are put together to as even shares as there can be.
 *
 * Shapes  the result is (bins - 1), ascending, all different.
 */
export function thresholdsOf({ values, counts }: DistinctValues, bins: number): Float32Array {
  const thresholds: number[] = []
  for (const last of lastOfBins(counts, bins)) {
    if (last + 1 < values.length) thresholds.push(between(values[last]!, values[last + 1]!))
  }
  return Float32Array.from(thresholds)
}

/** The place of the last distinct value of each bin. */
function lastOfBins(counts: Float64Array, bins: number): number[] {
  if (counts.length <= bins) return Array.from(counts.keys())
  let rows = counts.reduce((sum, count) => sum + count, 0)
  const even = rows / bins
  const isBig = counts.map((count) => (count >= even ? 1 : 0))
  let rest = bins
  for (let i = 0; i < counts.length; i++) {
    if (isBig[i] === 0) continue
    rest -= 1
    rows -= counts[i]!
  }
  const lasts: number[] = []
  let inBin = 0
  for (let i = 0; i < counts.length; i++) {
    inBin += counts[i]!
    const share = rows / Math.max(rest, 1)
    const isFull = isBig[i] === 1 || inBin >= share || (isBig[i + 1] === 1 && inBin >= share / 2)
    if (!isFull && i < counts.length - 1) continue
    lasts.push(i)
    if (lasts.length === bins - 1 && i < counts.length - 1) return [...lasts, counts.length - 1]
    if (isBig[i] === 0) {
      rest -= 1
      rows -= inBin
    } else if (inBin > counts[i]!) rows -= inBin - counts[i]! // the small ones before a big one went along with it
    inBin = 0
  }
  return lasts
}

/**
 * A float32 in [lower, upper): half-way where that lies strictly between the two, so that neither is at the edge and a runtime
 * that rounds otherwise sends both the same way; else `lower`.
 */
function between(lower: number, upper: number): number {
  const middle = Math.fround(lower + (upper - lower) / 2)
  return middle > lower && middle < upper ? middle : lower
}

/** The bin of a value: the first whose threshold it does not exceed. NaN has the one after the last. */
export function binOf(value: number, thresholds: Float32Array): number {
  if (Number.isNaN(value)) return thresholds.length + 1
  let [from, to] = [0, thresholds.length]
  while (from < to) {
    const middle = (from + to) >> 1
    if (value <= thresholds[middle]!) to = middle
    else from = middle + 1
  }
  return from
}

/**
 * The place of each code when a category's codes are put in the order of the target's mean over their rows; NaN for a code
 * without rows. A mean of few rows is drawn towards that of all.
 */
export function ranksOf(sums: Float64Array, counts: Float64Array, mean: number): Float32Array {
  const smoothed = sums.map((sum, code) => (sum + SMOOTHING_ROWS * mean) / (counts[code]! + SMOOTHING_ROWS))
  const seen = Array.from(counts.keys()).filter((code) => counts[code]! > 0)
  seen.sort((one, other) => smoothed[one]! - smoothed[other]! || one - other)
  const ranks = new Float32Array(counts.length).fill(Number.NaN)
  for (const [rank, code] of seen.entries()) ranks[code] = rank
  return ranks
}

/** A code is believed half when it has so many rows. */
const SMOOTHING_ROWS = 10
