// Numbers as a person reads them.

/**
 * A writer of figures that are read side by side: all with the same decimals, four significant digits of the largest, and more
 * where two different numbers would otherwise look the same ("2.500 is under 2.5" explains nothing).
 *
 * @example figureWriter([2.1314, 2.5])(2.1314) // => '2.131'
 * @example figureWriter([2.49996, 2.5])(2.49996) // => '2.49996'
 * @example figureWriter([31_415.9])(31_415.9) // => '31,416'
 */
export function figureWriter(values: readonly number[]): (value: number) => string {
  const distinct = [...new Set(values.map((value) => value + 0))] // + 0 makes one zero of two
  const largest = Math.max(...distinct.map(Math.abs), 0)
  const magnitude = largest === 0 ? 0 : Math.floor(Math.log10(largest))
  let decimals = Math.min(MAX_DECIMALS, Math.max(0, 3 - magnitude))
  const clashes = (): boolean => new Set(distinct.map((value) => write(value, decimals))).size < distinct.length
  while (decimals < MAX_DECIMALS && clashes()) decimals++
  return (value) => write(value, decimals)
}

/** Past these a double has nothing more to say about numbers around one. */
const MAX_DECIMALS = 15

/**
 * A count with thousands marked.
 *
 * @example countText(19752) // => '19,752'
 */
export function countText(count: number): string {
  return write(count, 0)
}

/**
 * A count and what is counted, in the singular where it is one.
 *
 * @example counted(1, 'version') // => '1 version'
 * @example counted(1200, 'run of flows', 'runs of flows') // => '1,200 runs of flows'
 */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : many}`
}

/**
 * A fraction as per cent, to two decimals at most.
 *
 * @example percentText(1 - 0.05 / 3) // => '98.33 %'
 */
export function percentText(fraction: number): string {
  return `${Number((fraction * 100).toFixed(2))} %`
}

function write(value: number, decimals: number): string {
  const text = value.toFixed(decimals)
  const grouped = text.replace(/^-?\d+/, (whole) => whole.replaceAll(/\B(?=(\d{3})+$)/g, ','))
  return /[1-9]/.test(grouped) ? grouped : grouped.replace('-', '') // never -0.000
}
