// The laws every trainer keeps, and a small project to keep them on: the price of a parcel.
import { expect, test } from 'vitest'
import type { EncodedRows } from '../features/encode.ts'
import { clock, column, divide, position } from '../features/expressions.ts'
import { readMetadata } from '../features/onnx-graph.ts'
import type { FeatureSpecification } from '../features/specification.ts'
import type { JsonObject } from '../kernel/json.ts'
import { seededRandom } from '../kernel/random.ts'
import { calibrate } from './intervals.ts'
import { weightsOf } from './model-file.ts'
import type { Trainer, TrainingJob } from './port.ts'
import { openPredictor } from './predictor.ts'
import { rowsInMemory } from './rows.ts'

const ZONES = [1, 2, 5]

export const parcels: FeatureSpecification = {
  columns: [
    { name: 'sent_at', type: 'timestamp' },
    { name: 'weight_kg', type: 'double' },
    { name: 'zone', type: 'integer' },
    { name: 'price_eur', type: 'double' },
  ],
  timeColumn: 'sent_at',
  target: 'price_eur',
  cleaning: { duplicates: null, nulls: 'drop', rules: [] },
  features: [
    { kind: 'category', name: 'weekday', code: clock('weekday', column('sent_at'), 'UTC'), size: 7 },
    { kind: 'number', name: 'weight', value: divide(column('weight_kg'), 10) },
    { kind: 'category', name: 'zone_code', code: position(column('zone'), ZONES), size: ZONES.length },
    { kind: 'number', name: 'month', value: divide(clock('month', column('sent_at'), 'UTC'), 12) },
  ],
}

export interface Parcels {
  readonly columns: { readonly sent_at: Float64Array; readonly weight_kg: Float64Array; readonly zone: Float64Array }
  /** The same rows as the features make them, worked out here by hand. */
  readonly encoded: EncodedRows
}

/** Parcels whose price is 3 + 2 a kilogram, by zone and weekday, and some chance (0.5 at most). Zone 9 is in no category. */
export function manyParcels(rows: number, seed: number): Parcels {
  const random = seededRandom(seed)
  const columns = { sent_at: new Float64Array(rows), weight_kg: new Float64Array(rows), zone: new Float64Array(rows) }
  const encoded = {
    rows,
    numberCount: 2,
    categoryCount: 2,
    numbers: new Float32Array(rows * 2),
    codes: new Int16Array(rows * 2),
    target: new Float32Array(rows),
  }
  for (let row = 0; row < rows; row++) {
    const at = new Date(Date.UTC(2015, random.below(12), 1 + random.below(28), random.below(24)))
    const weightKg = 20 * random.uniform()
    const zoneCode = random.below(4)
    const weekday = (at.getUTCDay() + 6) % 7
    columns.sent_at[row] = at.getTime()
    columns.weight_kg[row] = weightKg
    columns.zone[row] = ZONES[zoneCode] ?? 9
    encoded.numbers.set([weightKg / 10, (at.getUTCMonth() + 1) / 12], row * 2)
    encoded.codes.set([weekday, zoneCode < 3 ? zoneCode : -1], row * 2)
    encoded.target[row] = 3 + 2 * weightKg + 4 * zoneCode + (weekday > 4 ? 5 : 0) + (random.uniform() - 0.5)
  }
  return { columns, encoded }
}

/** What a test may change in a job; its rows are in memory. */
export type JobChanges<Settings> = Omit<Partial<TrainingJob<Settings>>, 'fit'> & { readonly fit?: EncodedRows }

/** A job on parcels, `changes` apart. */
export function parcelJob<Settings>(settings: Settings, changes: JobChanges<Settings> = {}): TrainingJob<Settings> {
  return {
    specification: parcels,
    earlyStop: manyParcels(150, 2).encoded,
    steps: null,
    settings,
    seed: 7,
    warmStart: null,
    ...changes,
    fit: rowsInMemory(changes.fit ?? manyParcels(600, 1).encoded),
  }
}

/** Every trainer's test calls this. `settings` make it quick. */
export function trainerContract<Settings extends JsonObject>(trainer: Trainer<Settings>, settings: Settings): void {
  const law = (name: string, run: () => Promise<void>): void => test(`${trainer.name}: ${name}`, run)
  const train = (changes: JobChanges<Settings> = {}) => trainer.train(parcelJob(settings, changes))

  law('the same job gives the same weights and the same curve, bit for bit', async () => {
    expect(await train()).toEqual(await train())
  })

  law('rows that come in blocks give the same weights as rows that come at once', async () => {
    const { encoded } = manyParcels(600, 1)
    const fit = {
      ...rowsInMemory(encoded),
      async *blocks() {
        for (let from = 0; from < 600; from += 70) yield rowsBetween(encoded, from, Math.min(from + 70, 600))
      },
    }
    expect(await trainer.train({ ...parcelJob(settings), fit })).toEqual(await train())
  })

  law('what it learnt beats the mean by far, and the error told is that of the weights kept', async () => {
    const { encoded } = manyParcels(150, 2)
    const { weights, earlyStopMae, epochs, keptEpoch } = await train()
    const predictions = trainer.predictEncoded(parcels, weights, encoded)
    const mae = meanAbsolute(predictions.map((prediction, i) => prediction - encoded.target[i]!)) // as many
    expect(earlyStopMae).toBeCloseTo(mae, 5)
    expect(earlyStopMae).toBe(epochs[keptEpoch]?.valMae)
    const mean = encoded.target.reduce((sum, price) => sum + price, 0) / encoded.rows
    expect(mae).toBeLessThan(0.5 * meanAbsolute(encoded.target.map((price) => price - mean)))
  })

  law('the model file predicts from raw columns what the weights do, to 1e-4, and gives the weights back', async () => {
    const { weights } = await train()
    const bytes = trainer.toOnnx(parcels, weights, { 'understudy.run_id': 'r1' })
    if (trainer.warmStarts) expect(weightsOf(bytes)).toEqual(weights) // somebody will start from them
    expect(readMetadata(bytes)).toEqual({ trainer: trainer.name, 'understudy.run_id': 'r1' })
    const { columns, encoded } = manyParcels(500, 3)
    await using predictor = await openPredictor(bytes)
    expect([...predictor.inputs].sort()).toEqual(['sent_at', 'weight_kg', 'zone'])
    const scored = await predictor.predict(columns, 500)
    const wanted = trainer.predictEncoded(parcels, weights, encoded)
    expect(Math.max(...scored.map((value, i) => Math.abs(value - wanted[i]!)))).toBeLessThan(1e-4) // as many
  })

  law(
    'a null in gives a null out, unless cleaning keeps nulls and it takes them: then doubles may be null',
    async () => {
      const { columns, encoded } = manyParcels(600, 1)
      const gaps = { ...encoded, numbers: encoded.numbers.map((number, i) => (i % 6 === 0 ? Number.NaN : number)) } // a third of unknown weight
      const takes = trainer.takesMissing === true
      const { weights } = await train(takes ? { fit: gaps } : {})
      const weight_kg = columns.weight_kg.map((weight, row) => (row % 3 === 0 ? Number.NaN : weight))
      const zone = columns.zone.map((of, row) => (row % 5 === 0 ? Number.NaN : of))
      const wanted = trainer.predictEncoded(parcels, weights, takes ? gaps : encoded)
      for (const nulls of ['drop', 'keep'] as const) {
        const cleaning = { ...parcels.cleaning, nulls }
        await using predictor = await openPredictor(trainer.toOnnx({ ...parcels, cleaning }, weights, {}))
        const answers = takes && nulls === 'keep'
        expect(predictor.answersWithout).toEqual(answers ? ['weight_kg'] : [])
        const scored = await predictor.predict({ ...columns, weight_kg, zone }, 600)
        for (const [row, value] of scored.entries()) {
          if (row % 5 === 0 || (row % 3 === 0 && !answers)) expect(value).toBeNaN()
          else expect(Math.abs(value - wanted[row]!)).toBeLessThan(1e-4) // as many
        }
      }
    },
  )

  law('given intervals, the model file has them around the very same predictions', async () => {
    const { weights } = await train()
    const { columns, encoded } = manyParcels(300, 3)
    const calibration = calibrate(trainer.predictEncoded(parcels, weights, encoded), encoded.target)
    const intervals = { ...calibration!, window: { fromMs: 0, toMs: 1 }, inheritedFrom: null } // 300 rows are enough
    await using plain = await openPredictor(trainer.toOnnx(parcels, weights, {}))
    await using predictor = await openPredictor(trainer.toOnnx(parcels, weights, {}, intervals))
    const { values, intervals: found } = await predictor.predictWithIntervals(columns, 300)
    expect(values).toEqual(await plain.predict(columns, 300))
    expect([plain.intervals, predictor.intervals]).toEqual([null, intervals])
    for (const { level, low, high } of found) {
      const within = encoded.target.filter((price, row) => price >= low[row]! && price <= high[row]!) // as many
      expect(within.length / 300).toBeCloseTo(level / 100, 1)
    }
  })

  law('without early-stop rows it trains all the same, and claims no error', async () => {
    const { earlyStopMae, epochs, stoppedEarly } = await train({ earlyStop: null, steps: 3 })
    expect([earlyStopMae, epochs[0]?.valLoss, epochs[0]?.valMae, stoppedEarly]).toEqual([null, null, null, false])
  })

  law('too few rows, rows of another layout and unknown settings are refused in words', async () => {
    const { encoded } = manyParcels(3, 1)
    await expect(train({ fit: firstRows(encoded, 1) })).rejects.toThrow(/at least 2 rows to fit .* has 1 and 150/)
    await expect(train({ earlyStop: firstRows(encoded, 0) })).rejects.toThrow(/1 to stop by, and has 600 and 0/)
    await expect(train({ fit: { ...encoded, numberCount: 3 } })).rejects.toThrow(
      /fit rows do not fit the features.*2 numbers and 2/,
    )
    const codes = Int16Array.of(0, 0, 0, 3, 0, 0)
    await expect(train({ fit: { ...encoded, codes } })).rejects.toThrow(/code 3 \(row 1\) of a category with 3 codes/)
    await expect(train({ settings: { ...settings, depth: 3 } })).rejects.toMatchObject({ code: 'BAD_INPUT' })
  })

  law('values it cannot learn from are BAD_DATA, not weights of NaN', async () => {
    const { encoded } = manyParcels(600, 1)
    const target = encoded.target.slice().fill(Number.NaN, 0, 1)
    await expect(train({ fit: { ...encoded, target } })).rejects.toMatchObject({ code: 'BAD_DATA' })
  })

  law('a signal that has fired ends it with CANCELLED', async () => {
    await expect(train({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'CANCELLED' })
  })
}

/** The first rows of some. */
export function firstRows(rows: EncodedRows, count: number): EncodedRows {
  return rowsBetween(rows, 0, count)
}

function rowsBetween(rows: EncodedRows, from: number, to: number): EncodedRows {
  return {
    ...rows,
    rows: to - from,
    numbers: rows.numbers.slice(from * rows.numberCount, to * rows.numberCount),
    codes: rows.codes.slice(from * rows.categoryCount, to * rows.categoryCount),
    target: rows.target.slice(from, to),
  }
}

function meanAbsolute(values: Float32Array): number {
  return values.reduce((sum, value) => sum + Math.abs(value), 0) / values.length
}
