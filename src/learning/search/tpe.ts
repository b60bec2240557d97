// The tree-structured Parzen estimator: learns from the trials so far where good settings lie.
import type { Random } from '../../kernel/random.ts'
import { type Estimator, estimatorOf } from './parzen.ts'
import { randomPoint, untried } from './random.ts'
import { canTake, type Parameter, type Point, type SettingValue } from './space.ts'
import { ranked, type Situation, type Trial } from './trial.ts'

/** So many trials are drawn by chance before there is anything to learn from. */
const RANDOM_TRIALS = 8
/** The share of the trials that counts as good; the paper's gamma. */
const GOOD_SHARE = 0.15
/** Points drawn from the good ones' estimators, of which the most promising is taken. */
const CANDIDATES = 24

/**
 * The next point by TPE. The trials so far are split into the good (the best 15 %) and the rest; for each parameter one Parzen estimator is
 * fitted to each, l and g; of 24 points drawn from l the one with the largest l / g is taken, which is the one with the largest expected
 * improvement. Pruned and failed trials, and those that still run, belong to the rest: where they lie nobody need look again.
 *
 * Source  J. Bergstra, R. Bardenet, Y. Bengio and B. Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 24, 2011, section 4.
 */
export function tpePoint(situation: Situation): Point | null {
  const { space, trials } = situation
  const settled = ranked(trials)
  const finished = settled.filter(({ state }) => state === 'finished').length
  if (finished === 0 || trials.length < RANDOM_TRIALS) {
    return untried(situation, (random) => randomPoint(space, random))
  }
  const goodCount = Math.min(finished, Math.ceil(GOOD_SHARE * trials.length))
  const [good, rest] = [settled.slice(0, goodCount), settled.slice(goodCount)]
  const parts = space.map((parameter) => ({
    name: parameter.name,
    l: estimatorOf(parameter, valuesOf(parameter, good)),
    g: estimatorOf(parameter, valuesOf(parameter, rest)),
  }))
  return untried(situation, (random) => mostPromising(parts, random))
}

interface Part {
  readonly name: string
  readonly l: Estimator
  readonly g: Estimator
}

/** Of points drawn from the good ones' estimators the one with the largest l / g, over all parameters together. */
function mostPromising(parts: readonly Part[], random: Random): Point {
  let best: Point = {}
  let most = Number.NEGATIVE_INFINITY
  for (let drawn = 0; drawn < CANDIDATES; drawn++) {
    const values = parts.map(({ l }) => l.draw(random))
    const promise = parts.reduce(
      (sum, { l, g }, at) => sum + Math.log(l.likelihood(values[at]!)) - Math.log(g.likelihood(values[at]!)),
      0,
    )
    if (promise <= most) continue
    most = promise
    best = Object.fromEntries(parts.map(({ name }, at) => [name, values[at]!]))
  }
  return best
}

/** What a parameter was in these trials, where that is within its range: settings in force may lie outside. */
function valuesOf(parameter: Parameter, trials: readonly Trial[]): SettingValue[] {
  return trials.flatMap(({ settings }) => {
    const value = settings[parameter.name]
    return value !== undefined && canTake(parameter, value) ? [value] : []
  })
}
