import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../kernel/random.ts'
import { type Calibration, calibrate, LEAST_CALIBRATION_ROWS } from './intervals.ts'

interface Rows {
  readonly predictions: Float32Array
  readonly actual: Float32Array
}

/** Prices from 3 to some 60, whose errors grow with them, lean upwards and have heavy tails (Student's t with 3 degrees). */
function drawRows(rows: number, random: Random): Rows {
  const predictions = new Float32Array(rows)
  const actual = new Float32Array(rows)
  for (let row = 0; row < rows; row++) {
    const price = 3 - 6 * Math.log(1 - random.uniform()) - 6 * Math.log(1 - random.uniform())
    const error = normal(random) / Math.sqrt((normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2) / 3)
    predictions[row] = price
    actual[row] = price + (0.3 + 0.12 * price) * (error - Math.log(1 - random.uniform()) - 1)
  }
  return { predictions, actual }
}

/** Standard normal, by Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform())
}

function calibrated({ predictions, actual }: Rows): Calibration {
  const calibration = calibrate(predictions, actual)
  if (calibration === null) throw new Error('there were too few rows')
  return calibration
}

/** Interval of a prediction at each level. */
function around({ scale, bounds }: Calibration, prediction: number) {
  const size = scale.base + scale.slope * Math.abs(prediction)
  return bounds.map(({ level, low, high }) => ({ level, low: prediction + low * size, high: prediction + high * size }))
}

/** Share of rows within, and mean width, at each level. */
function measured(calibration: Calibration, { predictions, actual }: Rows) {
  return calibration.bounds.map((_, at) => {
    let within = 0
    let width = 0
    for (const [row, prediction] of predictions.entries()) {
      const { low = 0, high = 0 } = around(calibration, prediction)[at] ?? {}
      if (actual[row]! >= low && actual[row]! <= high) within++ // row is one of them
      width += high - low
    }
    return { coverage: within / predictions.length, width: width / predictions.length }
  })
}

describe('on rows like those it was calibrated on', () => {
  test('80 and 95 of a hundred are within, on average over many sets of 200, and not many more', () => {
    const random = seededRandom(20_250_101)
    const sets = 400
    const coverages = Array.from({ length: sets }, () =>
      measured(calibrated(drawRows(200, random)), drawRows(200, random)).map(({ coverage }) => coverage),
    )
    for (const [at, level] of [0.8, 0.95].entries()) {
      const mean = coverages.reduce((sum, one) => sum + one[at]!, 0) / sets // one per level
      // 80,000 rows, and 400 calibrations of 200: four standard errors of both are 0.8 and 0.44 points.
      const error = 4 * Math.sqrt((level * (1 - level) * (1 / 200 + 1 / 200)) / sets)
      expect(mean).toBeGreaterThan(level - error)
      expect(mean).toBeLessThan(level + 2 / 201 + error)
    }
  })

  test('cheap and dear ones have their share each, where one width for all would starve the dear', () => {
    const random = seededRandom(7)
    const calibration = calibrated(drawRows(5_000, random))
    const others = drawRows(20_000, random)
    const part = (from: number, to: number): Rows => {
      const rows = [...others.predictions.keys()].filter(
        (row) => others.predictions[row]! >= from && others.predictions[row]! < to, // rows of it
      )
      return {
        predictions: Float32Array.from(rows, (row) => others.predictions[row]!), // as above
        actual: Float32Array.from(rows, (row) => others.actual[row]!), // as above
      }
    }
    for (const [from, to] of [
      [3, 8],
      [8, 15],
      [15, 25],
      [25, 100],
    ] as const) {
      const [narrow, wide] = measured(calibration, part(from, to))
      expect(narrow?.coverage).toBeGreaterThan(0.75)
      expect(narrow?.coverage).toBeLessThan(0.85)
      expect(wide?.coverage).toBeGreaterThan(0.92)
      expect(wide?.coverage).toBeLessThan(0.98)
    }
  })

  test('they are hardly wider than the best there could be', () => {
    const random = seededRandom(8)
    const [narrow, wide] = measured(calibrated(drawRows(20_000, random)), drawRows(20_000, random))
    // Quantiles of the true errors themselves (4 million draws): 80 % lie within 4.16 sizes, 95 % within 7.54, of 2.1 on average.
    expect(narrow?.width).toBeGreaterThan(0.95 * 4.16 * 2.1)
    expect(narrow?.width).toBeLessThan(1.1 * 4.16 * 2.1)
    expect(wide?.width).toBeGreaterThan(0.9 * 7.54 * 2.1)
    expect(wide?.width).toBeLessThan(1.15 * 7.54 * 2.1)
  })
})

test('the ends are the scores of rank ⌈(n + 1)(1 - α/2)⌉ from either side, each on its own', () => {
  // Errors of -1, -2, … upwards and 10, 20, … downwards at one prediction: the scale is one number.
  const actual = Float32Array.from({ length: 399 }, (_, row) => 100 + (row < 200 ? row - 200 : 10 * (row - 199)))
  const [narrow, wide] = around(calibrated({ predictions: new Float32Array(399).fill(100), actual }), 100)
  expect(narrow?.low).toBeCloseTo(100 - 161, 9) // rank 40 of 399 from below
  expect(narrow?.high).toBeCloseTo(100 + 1_610 - 10 * 1, 9) // rank 360
  expect(wide?.low).toBeCloseTo(100 - 191, 9) // rank 10
  expect(wide?.high).toBeCloseTo(100 + 1_900, 9) // rank 390
})

test('the narrow lies inside the wide, whatever the rows and the prediction, and order changes nothing', () => {
  const random = seededRandom(3)
  for (let round = 0; round < 50; round++) {
    const rows = drawRows(200 + random.below(300), random)
    const calibration = calibrated(rows)
    for (const prediction of [-40, -1, 0, 0.001, 5, 60, 4_000]) {
      const [narrow, wide] = around(calibration, prediction)
      expect(narrow?.low).toBeGreaterThanOrEqual(wide?.low ?? Number.NaN)
      expect(narrow?.high).toBeLessThanOrEqual(wide?.high ?? Number.NaN)
      expect(narrow?.low).toBeLessThan(narrow?.high ?? Number.NaN)
    }
    expect(calibrated(rows)).toEqual(calibration)
  }
})

test('fewer rows than 200 calibrate nothing; rows that are no numbers, or not as many, are BAD_DATA', () => {
  const { predictions, actual } = drawRows(LEAST_CALIBRATION_ROWS, seededRandom(1))
  expect(calibrate(predictions.subarray(1), actual.subarray(1))).toBeNull()
  expect(calibrate(predictions, actual)?.rows).toBe(200)
  expect(() => calibrate(predictions, actual.subarray(1))).toThrow(expect.objectContaining({ code: 'BAD_DATA' }))
  predictions[7] = Number.NaN
  expect(() => calibrate(predictions, actual)).toThrow('200 predictions and 200 true values calibrate no intervals')
})

test.each([
  ['a model without errors has intervals of no width', 0, [0, 0]],
  ['a few errors among many that are 0 are not lost', 0.04, [0, 5]],
])('%s', (_, share, widths) => {
  const predictions = Float32Array.from({ length: 1_000 }, (_, row) => row / 10)
  const actual = predictions.map((prediction, row) => prediction + (row % 100 < share * 100 ? 5 : 0))
  const found = around(calibrated({ predictions, actual }), 50).map(({ low, high }) => high - low)
  expect(found).toEqual(widths)
})

test('predictions that are all the same, or all 0, have one width', () => {
  for (const value of [0, 12]) {
    const random = seededRandom(5)
    const actual = Float32Array.from({ length: 500 }, () => value + random.uniform() - 0.5)
    const calibration = calibrated({ predictions: new Float32Array(500).fill(value), actual })
    expect(calibration.scale.slope).toBe(0)
    const [narrow] = around(calibration, value)
    expect((narrow?.high ?? 0) - (narrow?.low ?? 0)).toBeCloseTo(0.8, 1)
  }
})
