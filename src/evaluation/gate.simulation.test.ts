// How often the gate is wrong, measured: months of two equally good models, and months of one that is better by just as much
// as the interval promises to see. Rows of a day share the day's luck, as real ones do.
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../kernel/random.ts'
import type { DayLoss, ErrorMetric } from './day-losses.ts'
import { judge } from './gate.ts'
import { studentTQuantile } from './student-t.ts'
import type { Verdict } from './verdict.ts'

const METRIC: ErrorMetric = { name: 'mae', unit: 'min', rowsNoun: 'trains' }
const NORMAL_975 = 1.959963984540054

/** Rows of each day; the last day of a month is cut short by where the holdout ends, the first by where it starts. */
const MONTHS: Readonly<Record<number, readonly number[]>> = {
  5: [12, 55, 80, 40, 25],
  8: [10, 60, 45, 80, 75, 50, 30, 20],
  30: Array.from({ length: 30 }, (_, index) => 15 + ((index * 37) % 60)),
}

type Month = { readonly champion: DayLoss[]; readonly challenger: DayLoss[]; readonly differences: number[] }

/** Standard deviations of a row's luck, and of a day's, which differs between the models: their difference then has sqrt(2) of each. */
const ROW_LUCK = 0.8
const DAY_LUCK = 0.15

/** One month's losses; the challenger is better by `lead` on average. */
function simulate(random: Random, rowsPerDay: readonly number[], lead: number): Month {
  const month: Month = { champion: [], challenger: [], differences: [] }
  for (const [index, rows] of rowsPerDay.entries()) {
    const [weather] = twoNormals(random) // moves both models alike
    const [championLuck, challengerLuck] = twoNormals(random)
    let [championSum, challengerSum] = [0, 0]
    for (let row = 0; row < rows; row++) {
      const [one, other] = twoNormals(random)
      const champion = 2.1 + 0.5 * weather + DAY_LUCK * championLuck + ROW_LUCK * one
      const challenger = 2.1 + 0.5 * weather + DAY_LUCK * challengerLuck + ROW_LUCK * other - lead
      championSum += champion
      challengerSum += challenger
      month.differences.push(challenger - champion)
    }
    month.champion.push({ day: `day ${index}`, rows, sum: championSum })
    month.challenger.push({ day: `day ${index}`, rows, sum: challengerSum })
  }
  return month
}

/** By G. E. P. Box and M. E. Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Stat. 29(2), 1958. */
function twoNormals(random: Random): [number, number] {
  const radius = Math.sqrt(-2 * Math.log(1 - random.uniform()))
  const angle = 2 * Math.PI * random.uniform()
  return [radius * Math.cos(angle), radius * Math.sin(angle)]
}

function verdictOn(month: Month): Verdict {
  return judge({
    holdout: { rows: month.differences.length, days: month.champion.length },
    champion: { kind: 'scored', days: month.champion },
    challenger: { kind: 'scored', days: month.challenger, rowsLearnt: 'known' },
    threshold: 100,
    rule: 'significant',
    looks: 1,
    metric: METRIC,
  })
}

/** What an interval from rows taken as independent would have promoted. */
function isPromotedByRows({ differences }: Month): boolean {
  const n = differences.length
  const mean = differences.reduce((sum, difference) => sum + difference, 0) / n
  const squares = differences.reduce((sum, difference) => sum + (difference - mean) * (difference - mean), 0)
  return mean + NORMAL_975 * Math.sqrt(squares / (n - 1) / n) < 0
}

/** What the same standard error by day would have promoted with a normal quantile in place of Student's. */
function isPromotedByNormal({ evidence }: Verdict): boolean {
  const { mean, high } = evidence.difference!
  return mean + ((high - mean) / studentTQuantile(0.975, evidence.days - 1)) * NORMAL_975 < 0
}

/** Shares of months of equal models in which each way promotes the challenger. */
function falsePromotions(seed: number, rowsPerDay: readonly number[], months: number) {
  const random = seededRandom(2015, seed)
  const promoted = { gate: 0, rows: 0, normal: 0 }
  for (let month = 0; month < months; month++) {
    const simulated = simulate(random, rowsPerDay, 0)
    const verdict = verdictOn(simulated)
    if (verdict.kind === 'promote') promoted.gate += 1 / months
    if (isPromotedByRows(simulated)) promoted.rows += 1 / months
    if (isPromotedByNormal(verdict)) promoted.normal += 1 / months
  }
  return promoted
}

// The limit is 5 % without slack: measured over 100,000 months the rates are 4.0 % on 5 days, 3.3 % on 8 and (30,000 months) 2.7 %
// on 30. 3000 months scatter about them by 0.36 points and 1000 by 0.5, so a gate that is right passes by nearly three standard
// deviations or more whatever the seed, and one that is wrong in 8 % of months fails by six (or three and a half).
test.each([
  { days: 5, months: 3000, rowsAtLeast: 0.09, normalAtLeast: 0.055 },
  { days: 8, months: 3000, rowsAtLeast: 0.09, normalAtLeast: 0.04 },
  { days: 30, months: 1000, rowsAtLeast: 0.07, normalAtLeast: 0 },
])(
  'equal models on $days unequal days: significant promotes in at most 5 % of months, and rows taken as independent in far more',
  ({ days, months, rowsAtLeast, normalAtLeast }) => {
    const promoted = falsePromotions(days, MONTHS[days]!, months)
    expect(promoted.gate).toBeLessThanOrEqual(0.05)
    expect(promoted.gate).toBeGreaterThan(0.005) // a gate that never promotes would be no evidence
    // Why it is by day, and why Student's t: the same months, judged in the two usual ways.
    expect(promoted.rows).toBeGreaterThan(rowsAtLeast)
    expect(promoted.rows).toBeGreaterThan(2 * promoted.gate)
    expect(promoted.normal).toBeGreaterThanOrEqual(Math.max(normalAtLeast, promoted.gate))
  },
)

test('the promise needs days of comparable size: where one day holds most rows, equal models are told apart more often', () => {
  // A known limit of this standard error, kept here so that nobody claims otherwise: 12 % over 20,000 months.
  expect(falsePromotions(99, [20, 20, 200, 20, 20], 1500).gate).toBeGreaterThan(0.05)
})

test.each([5, 8, 30])(
  'on %i days a lead as large as the smallest visible difference is seen about four times in five',
  (days) => {
    const random = seededRandom(2016, days)
    const rowsPerDay = MONTHS[days]!
    const rows = rowsPerDay.reduce((sum, n) => sum + n, 0)
    // The true standard error of the mean difference, of which each month sees only an estimate.
    const variance = rowsPerDay.reduce(
      (sum, n) => sum + 2 * n * n * DAY_LUCK * DAY_LUCK + 2 * n * ROW_LUCK * ROW_LUCK,
      0,
    )
    const lead = (studentTQuantile(0.975, days - 1) + studentTQuantile(0.8, days - 1)) * (Math.sqrt(variance) / rows)
    const months = 800
    let seen = 0
    let visible = 0
    for (let month = 0; month < months; month++) {
      const verdict = verdictOn(simulate(random, rowsPerDay, lead))
      if (verdict.kind === 'promote') seen += 1 / months
      visible += verdict.evidence.difference!.smallestVisible / months
    }
    // 800 months scatter by 1.4 points; on few unequal days the formula itself is off by up to three.
    expect(seen).toBeGreaterThan(0.74)
    expect(seen).toBeLessThan(0.88)
    // And what each month prints is, on average, that lead: a little less on few days, where a small error is estimated smaller.
    expect(visible / lead).toBeGreaterThan(0.8)
    expect(visible / lead).toBeLessThan(1.05)
  },
)
