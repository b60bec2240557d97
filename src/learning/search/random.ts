// Points by chance, each as likely as any other on its parameter's own scale.
import { type Random, seededRandom } from '../../kernel/random.ts'
import { type Parameter, type Point, pointAt, pointCount, pointKey, type SettingValue, type Space } from './space.ts'
import type { Situation } from './trial.ts'

export function randomPoint(space: Space, random: Random): Point {
  return Object.fromEntries(space.map((parameter) => [parameter.name, randomValue(parameter, random)]))
}

/** Uniform over the choices, or over the range on its scale; a whole number is as likely as the part of the scale that rounds to it. */
function randomValue(parameter: Parameter, random: Random): SettingValue {
  if (parameter.kind === 'choice') return parameter.choices[random.below(parameter.choices.length)]!
  const { low, high } = scaleOf(parameter)
  return valueOn(parameter, low + (high - low) * random.uniform())
}

export type RangeParameter = Exclude<Parameter, { kind: 'choice' }>

/** The ends of a range on the scale it is searched on. A whole number stands for what rounds to it: half a unit more at either end. */
export function scaleOf({ kind, low, high, log }: RangeParameter): { low: number; high: number } {
  const half = kind === 'int' ? 0.5 : 0
  return log ? { low: Math.log(low - half), high: Math.log(high + half) } : { low: low - half, high: high + half }
}

/** A number of so many digits is as good as any of its neighbours, and can be typed. */
const DIGITS = 4

/** The value at a place of the scale, within its bounds whatever the rounding. */
export function valueOn({ kind, low, high, log }: RangeParameter, place: number): number {
  const value = log ? Math.exp(place) : place
  return Math.min(high, Math.max(low, kind === 'int' ? Math.round(value) : Number(value.toPrecision(DIGITS))))
}

/** Draws that may hit upon what was tried before one looks for what was not. */
const DRAWS = 100
/** Spaces of up to so many points are looked through for one that was not tried. */
const COUNTABLE = 100_000

/**
 * The first draw that was not tried before. Each trial has a stream of random numbers of its own, so that what it draws does not depend on
 * how the others came about. Null if nothing is left.
 */
export function untried({ space, trials, seed }: Situation, draw: (random: Random) => Point): Point | null {
  const random = seededRandom(seed, trials.length)
  const tried = new Set(trials.map(({ settings }) => pointKey(space, settings)))
  for (let draws = 0; draws < DRAWS; draws++) {
    const point = draw(random)
    if (!tried.has(pointKey(space, point))) return point
  }
  const count = pointCount(space)
  if (count > COUNTABLE) return randomPoint(space, random)
  const start = random.below(count)
  for (let step = 0; step < count; step++) {
    const point = pointAt(space, (start + step) % count)
    if (!tried.has(pointKey(space, point))) return point
  }
  return null
}
