// The network's kernels: steps of training, and predictions. TypeScript's network-step.ts is the same, to be read; tests hold them together.
import { barrier } from './barrier'
import { movingStatistics, activateOnly, normalise } from './mlp-layers'
import { gather } from './mlp-input'
import { predict } from './mlp-output'
import { BLOCK, Plan, Rows, layerOf } from './mlp-plan'
import { Turn, fitBatch, hiddenProduct, inputProduct, transpose } from './mlp-step'

/**
 * Learns the rows [from, to) in their order, in batches of `batch`, the last one maybe short. `turns` is the address of a `Turn` for
 * each thread.
 */
export function fitSteps(
  thread: i32, threads: i32, plan: Plan, rows: Rows, turns: usize, from: i32, to: i32, batch: i32,
): void {
  const turn = changetype<Turn>(turns + <usize>thread * 64) // a cache line each
  turn.thread = thread
  turn.threads = threads
  turn.step = 0
  if (thread == 0) {
    for (let i = 1; i < plan.layerCount; i++) transpose(layerOf(plan, i), 0, layerOf(plan, i).inputs) // they were set from outside, perhaps
  }
  for (let at = from; at < to; at += batch) {
    turn.count = min(batch, to - at)
    const blocks = (turn.count + BLOCK - 1) / BLOCK
    turn.firstBlock = blocks * thread / threads
    turn.endBlock = blocks * (thread + 1) / threads
    fitBatch(plan, rows, turn, at)
    turn.step++
  }
}

/**
 * Predicts the rows [from, to) as in inference: moving statistics, nothing dropped. The answers are written to `predictions`, from
 * its beginning on. Each thread uses a block of the batch's memory of its own.
 */
export function predictRows(
  thread: i32, threads: i32, plan: Plan, rows: Rows, predictions: usize, from: i32, to: i32,
): void {
  const first = thread * BLOCK
  const last = layerOf(plan, plan.layerCount - 1)
  for (let i = 0; i < plan.layerCount; i++) movingStatistics(plan, layerOf(plan, i), thread)
  for (let at = from + first; at < to; at += threads * BLOCK) {
    const end = first + min(BLOCK, to - at)
    gather(plan, rows, at - first, first, end)
    for (let i = 0; i < plan.layerCount; i++) {
      const layer = layerOf(plan, i)
      if (i == 0) inputProduct(plan, layer, first, end)
      else hiddenProduct(layerOf(plan, i - 1), layer, first, end)
      activateOnly(layer, first, end)
      normalise(layer, thread, first, end)
    }
    predict(plan, last, first, end)
    memory.copy(predictions + (<usize>(at - from) << 2), plan.predictions + (<usize>first << 2), <usize>(end - first) << 2)
  }
}

/** Each thread adds 1 to what its neighbour has and waits for all, `rounds` times: shows that they run together. */
export function addUp(thread: i32, threads: i32, gate: usize, sums: usize, rounds: i32): void {
  for (let round = 0; round < rounds; round++) {
    store<i32>(sums + (<usize>thread << 2), load<i32>(sums + (<usize>((thread + 1) % threads) << 2)) + 1)
    barrier(gate, threads)
  }
}
