// A curve in plain text.

/**
 * A curve as lines: one mark per value, the error upwards, the scale on the left. Values that do not fit side by side are thinned
 * out, the first and the last kept. `marked` is the index of one value that is drawn as ◆; `below` a second curve on the same scale, drawn
 * as · where the first leaves room.
 *
 * @example plotLines([2, 1, 1.5], { height: 3, columns: 40, marked: 1 }) // => ['2.000 ┤●', '1.500 ┤  ●', '1.000 ┤ ◆']
 */
export function plotLines(values: readonly number[], { height, columns, marked, below = [] }: PlotOptions): string[] {
  const finite = [...values, ...below].filter(Number.isFinite)
  if (finite.length === 0) return []
  const [low, high] = [Math.min(...finite), Math.max(...finite)]
  const lines = high > low ? height : 1
  const labels = Array.from({ length: lines }, (_, line) =>
    (lines === 1 ? high : high - ((high - low) * line) / (lines - 1)).toFixed(3),
  )
  const margin = Math.max(...labels.map((label) => label.length))
  const shown = thinned(values.length, Math.max(1, columns - margin - AXIS), marked)
  const lineOf = (value: number): number =>
    lines === 1 ? 0 : Math.round(((high - value) / (high - low)) * (lines - 1))
  return labels.map((label, line) => {
    const marks = shown.map((index) => {
      const isAt = (value = Number.NaN): boolean => Number.isFinite(value) && lineOf(value) === line
      if (isAt(values[index])) return index === marked ? '◆' : '●'
      return isAt(below[index]) ? '·' : ' '
    })
    return `${label.padStart(margin)} ┤${marks.join('')}`.trimEnd()
  })
}

interface PlotOptions {
  readonly height: number
  readonly columns: number
  readonly marked: number | null
  readonly below?: readonly number[]
}

/** Room for ` ┤`. */
const AXIS = 2

/** Which of n values are drawn in so many places; the marked one always is. */
function thinned(count: number, places: number, marked: number | null): number[] {
  if (count <= places) return Array.from({ length: count }, (_, index) => index)
  const shown = Array.from({ length: places }, (_, place) =>
    places === 1 ? 0 : Math.round((place * (count - 1)) / (places - 1)),
  )
  if (marked === null || shown.includes(marked)) return shown
  const nearest = shown.reduce(
    (best, index, place) => (Math.abs(index - marked) < Math.abs((shown[best] ?? 0) - marked) ? place : best),
    0,
  )
  return shown.map((index, place) => (place === nearest ? marked : index))
}
