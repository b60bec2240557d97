// Prediction intervals: how far the truth lay from the prediction on rows set aside, taken for how far it will lie again.
import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'

/** How many of a hundred rows each interval is to hold: narrow and wide. */
export const INTERVAL_LEVELS = [80, 95] as const

/** Fewer rows than these calibrate nothing: the wide interval would hang on the five most extreme of them. */
export const LEAST_CALIBRATION_ROWS = 200

const Calibration = z.object({
  /** Size of an error to be expected at a prediction p: base + slope · |p|, in the target's unit. */
  scale: z.object({ base: z.number().positive(), slope: z.number().nonnegative() }),
  /** By level in percent: the interval is from p + low · scale to p + high · scale. */
  bounds: z.array(z.object({ level: z.number(), low: z.number(), high: z.number() })),
  /** Rows it was worked out from. */
  rows: z.int(),
})
export type Calibration = Readonly<z.infer<typeof Calibration>>

/** What a model file says of its intervals. */
export const Intervals = Calibration.extend({
  /** The window of the calibration rows, in ms since 1970. */
  window: z.object({ fromMs: z.number(), toMs: z.number() }),
  /** The version they were calibrated for, where these weights are that version's refit; null where they are its own. */
  inheritedFrom: z.int().nullable(),
})
export type Intervals = Readonly<z.infer<typeof Intervals>>

/** Rows are put into this many groups of like predictions to see how errors grow with the prediction. */
const GROUPS = 10
/** The error that stands for a group: four in five of its rows have a smaller one. */
const GROUP_QUANTILE = 0.8
/** The scale at a prediction of 0 is at least this share of all rows' `GROUP_QUANTILE`, so that it is nowhere 0. */
const LEAST_BASE = 0.1

/**
 * Split conformal prediction. Each row's score is its error (actual - prediction) by the size of error to be expected at its
 * prediction; the interval at level L runs from the score of rank n + 1 - k to that of rank k = ⌈(n + 1)(1 - α/2)⌉, α = 1 - L.
 * The two ends are found apart, since errors lean: what a prediction misses upwards is mostly larger.
 *
 * Shapes  n rows: both arrays are (n).
 * Units   both in the target's unit, as are `scale` and, times it, the bounds.
 * Error   a row exchangeable with these is within with probability L or more, whatever the model and the distribution; at most
 *         2/(n + 1) more where no two scores are equal. Two things make that approximate: the scale's two numbers come from the
 *         same rows (measured on 1,500 simulated sets of 200 heavy-tailed rows: 79.95 % and 94.93 % were within), and rows that
 *         also said when to stop learning, or rows of another month, are not quite exchangeable with those to come.
 *         It holds over all rows together, not for each kind of row; the scale brings the kinds closer to each other.
 *         A low end may be below 0 where the target cannot be: it is what the errors say.
 * Returns null for fewer than `LEAST_CALIBRATION_ROWS` rows.
 * Throws  PlannedError('BAD_DATA') if the arrays differ in length or hold anything but finite numbers.
 * Source  J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani, L. Wasserman, "Distribution-Free Predictive Inference for Regression",
 *         JASA 113(523), 2018, sections 2.2 and 5.2; the two ends apart: Y. Romano, E. Patterson, E. Candès, "Conformalized
 *         Quantile Regression", NeurIPS 2019, theorem 2.
 */
export function calibrate(predictions: Float32Array, actual: Float32Array): Calibration | null {
  const rows = predictions.length
  const errors = Float64Array.from(predictions, (prediction, row) => (actual[row] ?? Number.NaN) - prediction)
  if (actual.length !== rows || !errors.every(Number.isFinite)) {
    throw new PlannedError('BAD_DATA', `${rows} predictions and ${actual.length} true values calibrate no intervals`, {
      why: 'there has to be one of each per row, all of them finite numbers',
      next: 'look for nulls and extreme values in the features and the target',
    })
  }
  if (rows < LEAST_CALIBRATION_ROWS) return null
  const scale = fitScale(predictions, errors)
  const scores = errors.map((error, row) => error / scaleAt(scale, predictions[row]!)).sort() // row < rows
  return {
    scale,
    rows,
    bounds: INTERVAL_LEVELS.map((level) => {
      const rank = Math.ceil(((rows + 1) * (100 + level)) / 200) // at most `rows` from 39 rows on, for 95
      return { level, low: scores[rows - rank]!, high: scores[rank - 1]! } // ranks are 1 to rows
    }),
  }
}

/** Size of an error to be expected at a prediction, in the target's unit. */
function scaleAt({ base, slope }: Calibration['scale'], prediction: number): number {
  return base + slope * Math.abs(prediction)
}

/**
 * How errors grow with the prediction: the line, by least squares of relative residuals, through one point for each group of
 * like predictions, its mean prediction and a high quantile of its errors. Neither a few wild errors nor the few large
 * predictions turn it. It never falls, and is nowhere 0 unless all errors are.
 */
function fitScale(predictions: Float32Array, errors: Float64Array): Calibration['scale'] {
  const least = LEAST_BASE * quantileOf(errors.map(Math.abs))
  if (least === 0) return { base: 1, slope: 0 } // most errors are 0: the others have to do without a pattern
  const sizes = predictions.map(Math.abs)
  const order = Uint32Array.from(sizes.keys()).sort((a, b) => sizes[a]! - sizes[b]! || a - b) // rows
  const points = Array.from({ length: GROUPS }, (_, group) => {
    const rows = order.subarray((group * order.length) / GROUPS, ((group + 1) * order.length) / GROUPS)
    const x = rows.reduce((sum, row) => sum + sizes[row]!, 0) / rows.length // a row
    const y = quantileOf(Float64Array.from(rows, (row) => Math.abs(errors[row]!))) // a row
    return { x, y, weight: 1 / Math.max(y, least) ** 2 }
  })
  const mean = (of: (point: (typeof points)[number]) => number): number =>
    points.reduce((sum, point) => sum + point.weight * of(point), 0) /
    points.reduce((sum, { weight }) => sum + weight, 0)
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)]
  const spread = mean((point) => (point.x - x) ** 2)
  // As good as no spread: predictions that are equal but for rounding.
  const slope = spread <= 1e-9 * x * x ? 0 : Math.max(0, mean((point) => (point.x - x) * (point.y - y)) / spread)
  const base = y - slope * x
  if (base >= least) return { base, slope }
  // Through the least base instead, so that a prediction near 0 has some width too.
  const from0 = mean((point) => point.x ** 2)
  return { base: least, slope: from0 === 0 ? 0 : Math.max(0, mean((point) => point.x * (point.y - least)) / from0) }
}

/** The value that four in five are below. Sorts what it is given. */
function quantileOf(values: Float64Array): number {
  return values.sort()[Math.ceil(values.length * GROUP_QUANTILE) - 1] ?? 0
}
