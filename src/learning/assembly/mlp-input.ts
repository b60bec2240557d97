// The first layer's input: rows gathered for a batch, categories looked up in the kernel instead of multiplied as one-hots.
import { Layer, Plan, Rows, layerOf } from './mlp-plan'

/** Copies the rows `from + [first, last)` of some into the batch's rows [first, last). */
export function gather(plan: Plan, rows: Rows, from: i32, first: i32, last: i32): void {
  const numberCount = plan.numberCount
  const categoryCount = plan.categoryCount
  const rowBytes = <usize>layerOf(plan, 0).width << 2
  for (let i = first; i < last; i++) {
    const row = rows.order == 0 ? from + i : load<i32>(rows.order + (<usize>(from + i) << 2))
    const number = rows.numbers + (<usize>row * <usize>numberCount << 2)
    const to = plan.numbers + (<usize>(i * plan.numberRows) << 2)
    for (let k: usize = 0; k < <usize>numberCount; k++) store<f32>(to + (k << 2), load<f32>(number + (k << 2)))
    const code = rows.codes + (<usize>row * <usize>categoryCount << 1)
    const lookup = plan.lookups + (<usize>(i * categoryCount) << 2)
    for (let k: usize = 0; k < <usize>categoryCount; k++) {
      const found = load<i16>(code + (k << 1))
      const kernelRow = load<usize>(plan.categoryRows + (k << 2)) + <usize>found * rowBytes
      store<usize>(lookup + (k << 2), found < 0 ? 0 : kernelRow)
    }
    store<f32>(plan.target + (<usize>i << 2), load<f32>(rows.target + (<usize>row << 2)))
  }
}

/** Adds to each row of the activation the kernel's rows that its codes name: what multiplying by one-hots would give. */
export function addLookups(plan: Plan, layer: Layer, first: i32, last: i32): void {
  const bytes = <usize>layer.width << 2
  const ofRow = <usize>plan.categoryCount << 2
  for (let i = first; i < last; i++) {
    const lookups = plan.lookups + <usize>i * ofRow
    addToRow(layer.activation + <usize>i * bytes, bytes, lookups, lookups + ofRow)
  }
}

function addToRow(row: usize, bytes: usize, lookups: usize, end: usize): void {
  let column: usize = 0
  for (; column + 64 <= bytes; column += 64) {
    const at = row + column
    let a = v128.load(at)
    let b = v128.load(at, 16)
    let c = v128.load(at, 32)
    let d = v128.load(at, 48)
    for (let lookup = lookups; lookup < end; lookup += 4) {
      const found = load<usize>(lookup)
      if (found == 0) continue
      a = f32x4.add(a, v128.load(found + column))
      b = f32x4.add(b, v128.load(found + column, 16))
      c = f32x4.add(c, v128.load(found + column, 32))
      d = f32x4.add(d, v128.load(found + column, 48))
    }
    v128.store(at, a)
    v128.store(at, b, 16)
    v128.store(at, c, 32)
    v128.store(at, d, 48)
  }
  for (; column < bytes; column += 16) {
    let sum = v128.load(row + column)
    for (let lookup = lookups; lookup < end; lookup += 4) {
      const found = load<usize>(lookup)
      if (found != 0) sum = f32x4.add(sum, v128.load(found + column))
    }
    v128.store(row + column, sum)
  }
}

/**
 * The reverse of `addLookups`, for the columns [from, to) in bytes of every row: adds each row's slope to the gradients of the
 * kernel's rows that its codes name. `shift` leads from a weight to its gradient.
 */
export function scatterLookups(plan: Plan, layer: Layer, rows: i32, from: usize, to: usize, shift: usize): void {
  const bytes = <usize>layer.width << 2
  const ofRow = <usize>plan.categoryCount << 2
  for (let i = 0; i < rows; i++) {
    const slope = layer.slope + <usize>i * bytes
    const lookups = plan.lookups + <usize>i * ofRow
    for (let lookup = lookups; lookup < lookups + ofRow; lookup += 4) {
      const found = load<usize>(lookup)
      if (found == 0) continue
      const gradient = found + shift
      for (let column = from; column < to; column += 16) {
        v128.store(gradient + column, f32x4.add(v128.load(gradient + column), v128.load(slope + column)))
      }
    }
  }
}
