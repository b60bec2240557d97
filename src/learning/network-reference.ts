// The network in plain TypeScript: the readable form, and the one that runs where no kernels can.
import { openAdam } from './adam.ts'
import { openDropping } from './dropout.ts'
import { openWeights } from './network.ts'
import { dropoutRandom, errorsOf, type NetworkEngine, type NetworkPlan, startWeights } from './network-engine.ts'
import { forwardInference, gather, lossAndGradients, openWorkspace, penaltyOf } from './network-step.ts'

/** Throws `BAD_INPUT` if the warm start's weights do not fit. */
export async function openReference(plan: NetworkPlan): Promise<NetworkEngine> {
  const { layout, settings, earlyStop, pace } = plan
  const weights = openWeights(layout, settings.hidden)
  const gradients = openWeights(layout, settings.hidden)
  startWeights(weights, plan)
  const batch = Math.min(settings.batchSize, plan.blockRows)
  const space = openWorkspace(layout, weights, batch)
  const adam = openAdam(weights.trained, gradients.trained, settings)
  const dropping = openDropping(settings.dropout, dropoutRandom(plan.seed).random)
  return {
    computedBy: 'TypeScript',
    weights,
    async learn({ rows, order }, maxSteps, totals) {
      let steps = 0
      for (let from = 0; from < rows.rows && steps < maxSteps; from += batch, steps++) {
        const count = Math.min(batch, rows.rows - from)
        gather(space, rows, order, from, count)
        lossAndGradients(weights, gradients, space, count, settings, dropping, totals)
        adam.step()
        await pace(count)
      }
      return steps
    },
    async evaluate() {
      if (earlyStop === null) throw new Error('there are no rows to evaluate on')
      const predictions = new Float32Array(earlyStop.rows)
      for (let from = 0; from < earlyStop.rows; from += batch) {
        const count = Math.min(batch, earlyStop.rows - from)
        gather(space, earlyStop, null, from, count)
        forwardInference(weights, space, count)
        predictions.set(space.predictions.subarray(0, count), from)
        await pace(count)
      }
      return errorsOf(predictions, earlyStop.target, penaltyOf(weights, settings.l1, settings.l2))
    },
    async [Symbol.asyncDispose]() {},
  }
}
