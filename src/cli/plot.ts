// A curve in plain text.

/**
 * A curve as lines: one mark per value, the error upwards, the scale on the left. Values that do not fit side by side are thinned
 * out, the first and the last kept. `marked` is the index of one value that is drawn as ◆.
 *
 * @example plotLines([2, 1, 1.5], { height: 3, columns: 40, marked: 1 }) // => ['2.000 ┤●', '1.500 ┤  ●', '1.000 ┤ ◆']
 */
export function plotLines(
  values: readonly number[],
  { height, columns, marked }: { height: number; columns: number; marked: number | null },
): string[] {
  const finite = values.filter(Number.isFinite)
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
      const value = values[index] ?? Number.NaN
      if (!Number.isFinite(value) || lineOf(value) !== line) return ' '
      return index === marked ? '◆' : '●'
    })
    return `${label.padStart(margin)} ┤${marks.join('')}`.trimEnd()
  })
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
