// Parzen estimators of one parameter: how likely each value is, given those that were seen.
import type { Random } from '../../kernel/random.ts'
import { type RangeParameter, scaleOf, valueOn } from './random.ts'
import { indexOf, type Parameter, type SettingValue } from './space.ts'

/** A distribution over one parameter's values. */
export interface Estimator {
  draw(random: Random): SettingValue
  /** Density, or probability where values are counted. Above 0 for every value the parameter can take. */
  likelihood(value: SettingValue): number
}

/** The estimator of a parameter from values it took; the prior counts as one more. */
export function estimatorOf(parameter: Parameter, values: readonly SettingValue[]): Estimator {
  return parameter.kind === 'choice' ? countsOf(parameter.choices, values) : mixtureOf(parameter, values)
}

/** How often each choice was seen; the prior is spread over all of them. */
function countsOf(choices: readonly SettingValue[], values: readonly SettingValue[]): Estimator {
  const weights = choices.map(() => 1 / choices.length)
  for (const value of values) {
    const index = indexOf(choices, value)
    if (index >= 0) weights[index]! += 1
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  return {
    draw: (random) => choices[placeIn(weights, random.uniform() * total)]!,
    likelihood: (value) => (weights[indexOf(choices, value)] ?? 0) / total,
  }
}

/** Where a number falls among parts of these lengths laid end to end. */
function placeIn(lengths: readonly number[], at: number): number {
  let rest = at
  const place = lengths.findIndex((length) => {
    rest -= length
    return rest < 0
  })
  return place < 0 ? lengths.length - 1 : place
}

interface Normal {
  readonly mean: number
  readonly deviation: number
}

/**
 * A mixture of normal distributions cut off at the ends of the range, one around each value seen and a wide one, the prior, in the middle.
 * Each is as wide as the farther of its two neighbours is away, within [range / min(100, n + 1), range]: the more are seen, the narrower.
 */
function mixtureOf(parameter: RangeParameter, values: readonly SettingValue[]): Estimator {
  const { low, high } = scaleOf(parameter)
  const { log, kind } = parameter
  const onScale = (value: number): number => (log ? Math.log(value) : value)
  const seen = values.filter((value) => typeof value === 'number').map(onScale)
  const parts = normalsAround(seen, low, high)
  const masses = parts.map((part) => below(part, high) - below(part, low))
  return {
    draw(random) {
      const { mean, deviation } = parts[random.below(parts.length)]!
      for (;;) {
        const place = mean + deviation * standardNormal(random)
        if (place >= low && place <= high) return valueOn(parameter, place)
      }
    },
    likelihood(value) {
      if (typeof value !== 'number') return 0
      const from = onScale(kind === 'int' ? value - 0.5 : value)
      const to = onScale(kind === 'int' ? value + 0.5 : value)
      const sum = parts.reduce((total, part, at) => {
        const share = kind === 'int' ? below(part, to) - below(part, from) : density(part, from)
        return total + share / masses[at]!
      }, 0)
      return Math.max(sum / parts.length, Number.MIN_VALUE)
    },
  }
}

function normalsAround(seen: readonly number[], low: number, high: number): Normal[] {
  const range = high - low
  const prior = (low + high) / 2
  const narrowest = range / Math.min(100, seen.length + 1)
  const sorted = [...seen, prior].sort((a, b) => a - b)
  const around = seen.map((mean) => {
    const at = sorted.indexOf(mean)
    const toLeft = mean - (sorted[at - 1] ?? low)
    const toRight = (sorted[at + 1] ?? high) - mean
    return { mean, deviation: Math.min(range, Math.max(narrowest, toLeft, toRight)) }
  })
  return [...around, { mean: prior, deviation: range }]
}

/** Box and Muller's normal distribution, from two uniform numbers. */
function standardNormal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
  return radius * Math.cos(2 * Math.PI * random.uniform())
}

function density({ mean, deviation }: Normal, at: number): number {
  const z = (at - mean) / deviation
  return Math.exp(-0.5 * z * z) / (deviation * Math.sqrt(2 * Math.PI))
}

/** The probability of a value up to `at`. */
function below({ mean, deviation }: Normal, at: number): number {
  return 0.5 * (1 + errorFunction((at - mean) / (deviation * Math.SQRT2)))
}

/**
 * Error   at most 1.5e-7 anywhere.
 * Source  M. Abramowitz and I. A. Stegun, "Handbook of Mathematical Functions", 1964, formula 7.1.26.
 */
function errorFunction(x: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(x))
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
  return Math.sign(x) * (1 - series * Math.exp(-x * x))
}
