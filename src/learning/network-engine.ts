// What fits a network, batch by batch. Two do: `network-reference.ts` in TypeScript, to be read, and `network-kernels.ts` in
// WebAssembly, to be fast. They give the same numbers to float rounding; `network-engine.test.ts` holds them together.
import type { EncodedRows } from '../features/encode.ts'
import { type Random, seededRandom, seededState } from '../kernel/random.ts'
import type { InputLayout } from './input-layout.ts'
import type { MlpSettings } from './mlp-settings.ts'
import { initialise, restore, type Weights } from './network.ts'
import type { Totals } from './network-step.ts'
import type { Tensor } from './port.ts'
import type { ShuffledBlock } from './shuffled-rows.ts'

/** What an engine is opened for. */
export interface NetworkPlan {
  readonly layout: InputLayout
  readonly settings: MlpSettings
  readonly seed: number
  /** Weights to start from; null for a cold start. */
  readonly warmStart: readonly Tensor[] | null
  /** Most rows of a block. */
  readonly blockRows: number
  /** The rows it is evaluated on, if any. */
  readonly earlyStop: EncodedRows | null
  /** At most. The numbers are the same for any number of them. */
  readonly threads: number
  readonly onNotice?: ((text: string) => void) | undefined
  /** Awaited every few thousand rows: lets other work run, and throws when it is time to stop. */
  readonly pace: (rows: number) => Promise<void>
}

export interface NetworkEngine {
  /** What computes, in words. */
  readonly computedBy: string
  /** As they are after the last step; whoever sets them goes on from there. */
  readonly weights: Weights
  /** Steps over a block's rows in their order, the short batch at the end included, or `maxSteps`. Returns how many; adds to `totals`. */
  learn(block: ShuffledBlock, maxSteps: number, totals: Totals): Promise<number>
  /** Loss (penalty included) and mean absolute error of the weights as they are on the early-stop rows, in inference mode. */
  evaluate(): Promise<{ loss: number; mae: number }>
  /** Ends its threads and lets its memory go. */
  [Symbol.asyncDispose](): Promise<void>
}

// Each use of randomness has a stream of its own, so that changing one leaves the others.
const STREAMS = { weights: 1, order: 2, dropout: 3 }

/** The random numbers that order the rows of every epoch. */
export function orderRandom(seed: number): Random {
  return seededRandom(seed, STREAMS.order)
}

/** The random numbers that choose what is dropped, and the state they begin with. */
export function dropoutRandom(seed: number): { readonly random: Random; readonly state: readonly number[] } {
  return { random: seededRandom(seed, STREAMS.dropout), state: seededState(seed, STREAMS.dropout) }
}

/** Sets weights as a training begins with them. Throws `BAD_INPUT` if a warm start's do not fit. */
export function startWeights(weights: Weights, { seed, warmStart }: Pick<NetworkPlan, 'seed' | 'warmStart'>): void {
  if (warmStart === null) initialise(weights, seededRandom(seed, STREAMS.weights))
  else restore(weights, warmStart)
}

/** Loss and error from predictions of the early-stop rows, summed in their order. */
export function errorsOf(
  predictions: Float32Array,
  target: Float32Array,
  penalty: number,
): { loss: number; mae: number } {
  let squared = 0
  let absolute = 0
  for (let row = 0; row < target.length; row++) {
    const error = predictions[row]! - target[row]! // as many
    squared += error * error
    absolute += Math.abs(error)
  }
  return { loss: squared / target.length + penalty, mae: absolute / target.length }
}
