// Scales: from values to places on a drawing, with round numbers to mark on the way.

export interface Scale {
  /** The span of values that fits. */
  readonly from: number
  readonly to: number
  /** Where a value lies, in pixels; one outside the span lies outside the plot. */
  at(value: number): number
  /** Round values inside the span, in rising order. */
  readonly ticks: readonly number[]
  /** A tick as it is written: all with the same decimals. */
  text(tick: number): string
}

/**
 * A linear scale. `domain` may be a single value, or not a number at all: then a span around it, or around 0, is taken.
 *
 * Units   `domain` in the values' unit, `range` in pixels (it may fall, as on a vertical axis).
 *
 * @example linearScale([0, 10], [100, 0], 5).at(5) // => 50
 * @example linearScale([0, 1], [0, 100], 4).ticks // => [0, 0.5, 1]
 */
export function linearScale(
  domain: readonly [number, number],
  range: readonly [number, number],
  wantedTicks: number,
): Scale {
  const [low, high] = usable(domain)
  const step = roundStep((high - low) / Math.max(1, wantedTicks))
  const ticks: number[] = []
  const first = Math.ceil(low / step - 1e-9)
  const count = Math.floor(high / step + 1e-9) - first + 1
  for (let i = 0; i < count; i++) ticks.push((first + i) * step + 0)
  const decimals = Math.min(MOST_DECIMALS, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)))
  return {
    from: low,
    to: high,
    at: (value) => range[0] + ((value - low) / (high - low)) * (range[1] - range[0]),
    ticks,
    text: (tick) => grouped(tick.toFixed(decimals)),
  }
}

/** Where values are smaller still, their axis says 0: nothing of ours is measured so. */
const MOST_DECIMALS = 12

/** A span that is smaller than this share of its ends cannot be marked in numbers that differ. */
const LEAST_SPAN = 1e-9

function usable([low, high]: readonly [number, number]): [number, number] {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return [0, 1]
  const size = Math.max(Math.abs(low), Math.abs(high))
  if (high - low > size * LEAST_SPAN) return [low, high]
  const reach = size === 0 ? 1 : size / 2
  return [low - reach, low + reach]
}

/** 1, 2 or 5 times a power of ten, at least as large as asked for. */
function roundStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted))
  const factor = [1, 2, 5].find((one) => one * power >= wanted * (1 - 1e-9)) ?? 10
  return factor * power
}

/** The smallest round value at or above one. Zero for zero. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 0
  const step = roundStep(value / 10)
  return Math.ceil(value / step - 1e-9) * step
}

/**
 * A count in at most four characters, for narrow places.
 *
 * @example shortCount(987) // => '987'
 * @example shortCount(12_345) // => '12k'
 * @example shortCount(1_250_000) // => '1.3M'
 */
export function shortCount(count: number): string {
  if (count < 1_000) return String(count)
  const [value, unit] = count < 999_500 ? [count / 1_000, 'k'] : [count / 1_000_000, 'M']
  return `${value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : value.toFixed(0)}${unit}`
}

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.')
  const marked = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  const joined = fraction === undefined ? marked : `${marked}.${fraction}`
  return /[1-9]/.test(joined) ? joined.replace('-', '−') : joined.replace('-', '')
}
