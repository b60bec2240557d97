// The network's kernels.
import { barrier } from './barrier'

export function addUp(thread: i32, threads: i32, gate: usize, sums: usize, rounds: i32): void {
  for (let round = 0; round < rounds; round++) {
    store<i32>(sums + (<usize>thread << 2), load<i32>(sums + (<usize>((thread + 1) % threads) << 2)) + 1)
    barrier(gate, threads)
  }
}
