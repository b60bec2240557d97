// Where everything of a training lies in the kernels' memory, and the words that tell them: assembly/mlp-plan.ts reads the same
// words, in the same order.
import type { EncodedRows } from '../features/encode.ts'
import { openGaps } from './dropout.ts'
import { padded } from './kernels.ts'
import { BATCH_NORM_EPSILON, type Weights, weightSizes } from './network.ts'
import { dropoutRandom, type NetworkPlan } from './network-engine.ts'

/** Rows of a block, and how many sums and columns a layer keeps: as in assembly/mlp-plan.ts. */
export const KERNEL_SIZES = { BLOCK: 32, SUMS: 6, COLUMNS: 6 } as const

// biome-ignore format: three lists
/** The fields of the structures in assembly/mlp-plan.ts, in their order: those of `Settings` are float64, all others have 32 bits. */
export const KERNEL_FIELDS = {
  Settings: ['momentum', 'keptScale', 'l1', 'l2', 'newFirst', 'newSecond', 'adamEpsilon', 'batchNormEpsilon'],
  Plan: [
    'settings', 'layers', 'layerCount', 'numberCount', 'numberRows', 'categoryCount', 'categoryRows',
    'trained', 'gradients', 'firstMoments', 'secondMoments', 'outputKernel', 'outputBias',
    'numbers', 'lookups', 'target', 'predictions', 'errors', 'blockErrors', 'penalties', 'rates', 'totals',
    'barrier', 'generator', 'thresholds', 'thresholdCount', 'guide',
  ],
  Layer: [
    'width', 'inputs', 'kernel', 'transposed', 'bias', 'gamma', 'beta', 'movingMean', 'movingVariance',
    'activation', 'output', 'slope', 'dropped', 'droppedCount', 'sums', 'columns',
  ],
  Rows: ['numbers', 'codes', 'target', 'order'],
} as const

/** Bytes between two threads' `Turn`s. */
const TURN_BYTES = 64
/** Multiply-adds between two breaths, about: some tens of milliseconds. */
const WORK_A_CALL = 5e7
const MOST_STEPS_A_CALL = 256

/** How a network's batches are computed. */
export interface NetworkShape {
  readonly batch: number
  /** Rows there is room for: whole blocks, at least one for each thread. */
  readonly roomRows: number
  /** Steps of one call of the kernels. */
  readonly stepsACall: number
}

export function networkShape({ layout, settings, blockRows }: NetworkPlan, threads: number): NetworkShape {
  const batch = Math.min(settings.batchSize, blockRows)
  const { trained } = weightSizes(layout, settings.hidden)
  return {
    batch,
    roomRows: KERNEL_SIZES.BLOCK * Math.max(Math.ceil(batch / KERNEL_SIZES.BLOCK), threads),
    stepsACall: Math.min(Math.max(1, Math.floor(WORK_A_CALL / (trained * batch))), MOST_STEPS_A_CALL),
  }
}

/** How many bytes each part needs. */
export function networkSizes(plan: NetworkPlan, { roomRows, stepsACall }: NetworkShape, threads: number) {
  const { layout, settings, blockRows, earlyStop } = plan
  const sizes = weightSizes(layout, settings.hidden)
  const widths = settings.hidden.map(padded)
  const trained = (sizes.trained + 3) * 4 // the output bias counts as four
  const [numbers, categories] = [layout.numberColumns.length, layout.categoryColumns.length]
  const { Settings, Plan, Layer, Rows } = KERNEL_FIELDS
  const { BLOCK, SUMS, COLUMNS } = KERNEL_SIZES
  const rows = (count: number) => ({ numbers: count * numbers * 4, codes: count * categories * 2, target: count * 4 })
  const [fit, stop] = [rows(blockRows), rows(earlyStop?.rows ?? 0)]
  return {
    shared: {
      settings: Settings.length * 8,
      plan: Plan.length * 4,
      layers: Layer.length * 4 * widths.length,
      turns: TURN_BYTES * threads,
      barrier: 8,
      generator: 16,
      thresholds: openGaps(settings.dropout).thresholds.byteLength,
      guide: openGaps(settings.dropout).guide.byteLength,
      categoryRows: categories * 4,
      ...{
        trained,
        gradients: trained,
        firstMoments: trained,
        secondMoments: trained,
        statistics: sizes.statistics * 4,
      },
      numbers: roomRows * padded(numbers) * 4,
      lookups: roomRows * categories * 4,
      ...{ target: roomRows * 4, predictions: roomRows * 4, errors: roomRows * 4 },
      blockErrors: (roomRows / BLOCK) * 32,
      penalties: widths[0]! * 4, // at least one hidden layer, by the settings' schema
      rates: stepsACall * 8,
      totals: stepsACall * 32,
      ...{
        fit: Rows.length * 4,
        fitNumbers: fit.numbers,
        fitCodes: fit.codes,
        fitTarget: fit.target,
        fitOrder: blockRows * 4,
      },
      ...{ stop: Rows.length * 4, stopNumbers: stop.numbers, stopCodes: stop.codes, stopTarget: stop.target },
      stopPredictions: stop.target,
    },
    hidden: widths.map((width, i) => {
      const matrix = roomRows * width * 4 + 192 // so that matrices of a power of 2 do not lie a power of 2 apart
      const transposed = i === 0 ? 0 : width * widths[i - 1]! * 4 // i > 0
      const sums = (roomRows / BLOCK) * SUMS * width * 4
      return {
        ...{ transposed, activation: matrix, output: matrix, slope: matrix, dropped: matrix },
        ...{ sums, columns: threads * COLUMNS * width * 4 },
      }
    }),
  }
}

/** An address in place of each size. */
export type NetworkPlaces = ReturnType<typeof networkSizes>

/** Takes room for every part. */
export function placeAll(sizes: NetworkPlaces, allocate: (bytes: number) => number): NetworkPlaces {
  return { shared: placeEach(sizes.shared, allocate), hidden: sizes.hidden.map((layer) => placeEach(layer, allocate)) }
}

function placeEach<Sizes extends Record<string, number>>(sizes: Sizes, allocate: (bytes: number) => number): Sizes {
  const placed = Object.entries(sizes).map(([name, bytes]) => [name, allocate(bytes)])
  return Object.fromEntries(placed) as Sizes // the same names
}

/** The sum of all sizes, each rounded up as `allocate` of a team does. */
export function bytesOf(sizes: NetworkPlaces): number {
  const all = [sizes.shared, ...sizes.hidden].flatMap((part) => Object.values<number>(part))
  return all.reduce((sum, bytes) => sum + Math.ceil(bytes / 64) * 64, 0)
}

/** Writes down where everything lies, what is set, and how the random numbers begin. `weights` are views of the memory. */
export function writePlan(buffer: ArrayBufferLike, places: NetworkPlaces, plan: NetworkPlan, weights: Weights): void {
  const { layout, settings, seed } = plan
  const { shared } = places
  const { thresholds, guide } = openGaps(settings.dropout)
  const words = (at: number, values: readonly number[]): void => new Uint32Array(buffer, at, values.length).set(values)
  new Float64Array(buffer, shared.settings, KERNEL_FIELDS.Settings.length).set(settingsOf(settings))
  words(
    shared.generator,
    dropoutRandom(seed).state.map((word) => word >>> 0),
  )
  words(shared.thresholds, [...thresholds])
  new Uint16Array(buffer, shared.guide, guide.length).set(guide)
  const rowBytes = weights.hidden[0]!.width * 4 // at least one hidden layer, by the settings' schema
  let categoryRow = weights.table.byteOffset
  for (const [i, size] of layout.categorySizes.entries()) {
    words(shared.categoryRows + i * 4, [categoryRow])
    categoryRow += size * rowBytes
  }
  words(shared.fit, [shared.fitNumbers, shared.fitCodes, shared.fitTarget, shared.fitOrder])
  words(shared.stop, [shared.stopNumbers, shared.stopCodes, shared.stopTarget, 0])
  const own: Partial<Record<string, number>> = {
    layerCount: weights.hidden.length,
    numberCount: layout.numberColumns.length,
    numberRows: weights.numberRows,
    categoryCount: layout.categoryColumns.length,
    outputKernel: weights.outputKernel.byteOffset,
    outputBias: weights.outputBias.byteOffset,
    thresholdCount: thresholds.length,
    ...shared,
  }
  words(shared.plan, valuesOf(KERNEL_FIELDS.Plan, own))
  for (const [i, { width, kernel, bias, gamma, beta, movingMean, movingVariance }] of weights.hidden.entries()) {
    const arrays = Object.entries({ kernel, bias, gamma, beta, movingMean, movingVariance })
    const addresses = Object.fromEntries(arrays.map(([name, array]) => [name, array.byteOffset]))
    const inputs = kernel.length / width
    const layer = { width, inputs, droppedCount: 0, ...addresses, ...places.hidden[i]! } // one each
    words(shared.layers + i * KERNEL_FIELDS.Layer.length * 4, valuesOf(KERNEL_FIELDS.Layer, layer))
  }
}

function settingsOf({ momentum, dropout, l1, l2, beta1, beta2, adamEpsilon }: NetworkPlan['settings']): number[] {
  return [momentum, 1 / (1 - dropout), l1, l2, 1 - beta1, 1 - beta2, adamEpsilon, BATCH_NORM_EPSILON]
}

function valuesOf(fields: readonly string[], values: Partial<Record<string, number>>): number[] {
  return fields.map((field) => {
    const value = values[field]
    if (value === undefined) throw new Error(`nobody says what ${field} is`)
    return value
  })
}

/** Copies rows to where they are read from. */
export function writeRows(
  buffer: ArrayBufferLike,
  to: { readonly numbers: number; readonly codes: number; readonly target: number },
  { numbers, codes, target }: EncodedRows,
): void {
  new Float32Array(buffer, to.numbers, numbers.length).set(numbers)
  new Int16Array(buffer, to.codes, codes.length).set(codes)
  new Float32Array(buffer, to.target, target.length).set(target)
}
