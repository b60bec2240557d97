// The network by compiled kernels, on one thread or several: the same steps as network-reference.ts, to float rounding.
import { openRates } from './adam.ts'
import type { KernelVariant } from './kernel-files.ts'
import { type KernelTeam, openKernelTeam } from './kernel-team.ts'
import { openWeights, type Weights, weightSizes } from './network.ts'
import { errorsOf, type NetworkEngine, type NetworkPlan, startWeights } from './network-engine.ts'
import {
  bytesOf,
  type NetworkPlaces,
  type NetworkShape,
  networkShape,
  networkSizes,
  placeAll,
  writePlan,
  writeRows,
} from './network-plan.ts'
import { penaltyOf, type Totals } from './network-step.ts'
import type { ShuffledBlock } from './shuffled-rows.ts'

/** Rows predicted in one call. */
const ROWS_PREDICTED = 16_384

const COMPUTED_BY = { relaxed: 'WebAssembly with relaxed SIMD', simd: 'WebAssembly with SIMD' } as const

/** Null if this machine cannot run the kernels; `onNotice` hears why. Throws `BAD_INPUT` if the warm start's weights do not fit. */
export async function openKernels(
  plan: NetworkPlan,
  variants?: readonly KernelVariant[],
): Promise<NetworkEngine | null> {
  const shape = networkShape(plan, plan.threads)
  const sizes = networkSizes(plan, shape, plan.threads)
  const { threads, onNotice } = plan
  const team = await openKernelTeam('mlp', { threads, bytes: bytesOf(sizes), onNotice, variants })
  if (team === null) return null
  try {
    const places = placeAll(sizes, (bytes) => team.allocate(bytes))
    return openEngine({ plan, shape, team, places, weights: openWeightsIn(team, places, plan) })
  } catch (error) {
    await team.close()
    throw error
  }
}

interface Opened {
  readonly plan: NetworkPlan
  readonly shape: NetworkShape
  readonly team: KernelTeam
  readonly places: NetworkPlaces
  readonly weights: Weights
}

function openWeightsIn({ memory }: KernelTeam, { shared }: NetworkPlaces, plan: NetworkPlan): Weights {
  const { layout, settings } = plan
  const sizes = weightSizes(layout, settings.hidden)
  const trained = new Float32Array(memory.buffer, shared.trained, sizes.trained)
  const statistics = new Float32Array(memory.buffer, shared.statistics, sizes.statistics)
  const weights = openWeights(layout, settings.hidden, { trained, statistics })
  startWeights(weights, plan)
  return weights
}

function openEngine(opened: Opened): NetworkEngine {
  const { plan, team, places, weights } = opened
  const { buffer } = team.memory
  const { shared } = places
  writePlan(buffer, places, plan, weights)
  if (plan.earlyStop !== null) {
    writeRows(
      buffer,
      { numbers: shared.stopNumbers, codes: shared.stopCodes, target: shared.stopTarget },
      plan.earlyStop,
    )
  }
  return {
    computedBy: COMPUTED_BY[team.variant],
    weights,
    learn: openLearning(opened),
    evaluate: () => evaluate(opened),
    [Symbol.asyncDispose]: () => team.close(),
  }
}

function openLearning({ plan, shape, team, places }: Opened): NetworkEngine['learn'] {
  const { settings, pace } = plan
  const { shared } = places
  const { buffer } = team.memory
  const rates = new Float64Array(buffer, shared.rates, shape.stepsACall)
  const told = new Float64Array(buffer, shared.totals, shape.stepsACall * 4)
  const nextRate = openRates(settings)
  let held: ShuffledBlock['rows'] | null = null
  return async ({ rows, order }, maxSteps, totals) => {
    if (rows !== held) {
      writeRows(buffer, { numbers: shared.fitNumbers, codes: shared.fitCodes, target: shared.fitTarget }, rows)
    }
    held = rows
    new Int32Array(buffer, shared.fitOrder, order.length).set(order)
    const end = Math.min(rows.rows, maxSteps * shape.batch)
    const rowsACall = shape.stepsACall * shape.batch
    for (let from = 0; from < end; from += rowsACall) {
      const to = Math.min(from + rowsACall, end)
      const steps = Math.ceil((to - from) / shape.batch)
      for (let step = 0; step < steps; step++) rates[step] = nextRate()
      team.run('fitSteps', shared.plan, shared.fit, shared.turns, from, to, shape.batch)
      for (let step = 0; step < steps; step++) {
        const count = Math.min(shape.batch, to - from - step * shape.batch)
        addStep(totals, told.subarray(step * 4, step * 4 + 4), count, settings)
      }
      await pace(to - from)
    }
    return Math.ceil(end / shape.batch)
  }
}

/** Adds what one step told of itself: squared errors, absolute errors, absolute and squared weights of the first kernel. */
function addStep(totals: Totals, told: Float64Array, count: number, { l1, l2 }: { l1: number; l2: number }): void {
  totals.rows += count
  totals.loss += told[0]! + (l1 * told[2]! + l2 * told[3]!) * count // four of them
  totals.absolute += told[1]!
}

async function evaluate({ plan, team, places, weights }: Opened): Promise<{ loss: number; mae: number }> {
  const { earlyStop, settings, pace } = plan
  const { shared } = places
  if (earlyStop === null) throw new Error('there are no rows to evaluate on')
  const { rows, target } = earlyStop
  for (let from = 0; from < rows; from += ROWS_PREDICTED) {
    const to = Math.min(from + ROWS_PREDICTED, rows)
    team.run('predictRows', shared.plan, shared.stop, shared.stopPredictions + from * 4, from, to)
    await pace(to - from)
  }
  const predictions = new Float32Array(team.memory.buffer, shared.stopPredictions, rows)
  return errorsOf(predictions, target, penaltyOf(weights, settings.l1, settings.l2))
}
