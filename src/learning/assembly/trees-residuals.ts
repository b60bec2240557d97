// Residuals: set from the targets, and lessened by what each tree adds.
import {
  DRAWN, FIT, FIT_OTHER, FIT_ROWS, firstRecord, LEAF_AWAY, LEAF_COUNT, LEAF_STOP_AWAY, leafAt, LEFT_OUT, RESIDUAL_AT, segment, STOP,
  STOP_OTHER, STOP_ROWS, STOPPING, STRIDE, SUMS, TARGET_AT, VALUES, word,
} from './trees-plan'
import { moveRecord } from './trees-records'

const ROUNDING: f64 = 6755399441055744.0

// Of a thread's 64 bytes of sums: those of rows to fit, then those of rows to stop by.
const SUM_BYTES: usize = 32
const ABSOLUTE: usize = 0
const SQUARED: usize = 8
const SIGNED: usize = 16
const LARGEST: usize = 24

/** Sets each residual to its target, which it holds itself (`kept` 0) or beside it, less `base`. */
export function resetResiduals(thread: i32, threads: i32, plan: usize, base: f32, kept: i32): void {
  memory.fill(word(plan, SUMS) + (<usize>thread << 6), 0, 64)
  for (let set: usize = 0; set < 2; set++) {
    const stride = word(plan, STRIDE)
    const records = word(plan, set ? STOP : FIT)
    const rows = word(plan, set ? STOP_ROWS : FIT_ROWS)
    const end = records + firstRecord(rows, thread + 1, threads) * stride
    const at = word(plan, RESIDUAL_AT)
    const from = kept ? word(plan, TARGET_AT) : at
    let largest: f32 = 0
    for (let record = records + firstRecord(rows, thread, threads) * stride; record < end; record += stride) {
      const residual = load<f32>(record + from) - base
      store<f32>(record + at, residual)
      largest = max(largest, abs(residual))
    }
    store<f32>(word(plan, SUMS) + (<usize>thread << 6) + set * SUM_BYTES, largest, LARGEST)
  }
}

/**
 * Takes off each residual the value of its leaf, brings all records back to the first place, and sums what is left: absolute
 * values and squares, each times its scale and rounded to a whole number, so that no order matters.
 */
export function addTree(
  thread: i32, threads: i32, plan: usize, absolute: f64, squared: f64, stopAbsolute: f64, stopSquared: f64,
): void {
  const sums = word(plan, SUMS) + (<usize>thread << 6)
  memory.fill(sums, 0, 64)
  const leaves = <i32>word(plan, LEAF_COUNT)
  for (let leaf = 0; leaf < leaves; leaf++) {
    const value = load<f32>(word(plan, VALUES) + (<usize>leaf << 2))
    const at = leafAt(plan, thread, leaf)
    const away = load<u32>(at, LEAF_AWAY) != 0
    const stopAway = load<u32>(at, LEAF_STOP_AWAY) != 0
    const back = away ? word(plan, FIT_OTHER) : 0
    lessen(plan, segment(plan, DRAWN, thread, threads, leaf), back, value, sums, absolute, squared)
    lessen(plan, segment(plan, LEFT_OUT, thread, threads, leaf), back, value, sums, absolute, squared)
    const stopBack = stopAway ? word(plan, STOP_OTHER) : 0
    lessen(plan, segment(plan, STOPPING, thread, threads, leaf), stopBack, value, sums + SUM_BYTES, stopAbsolute, stopSquared)
  }
}

/** The same for one segment; its records go `back` so many bytes. */
export function lessen(plan: usize, own: usize, back: usize, value: f32, sums: usize, absolute: f64, squared: f64): void {
  const stride = word(plan, STRIDE)
  const at = word(plan, RESIDUAL_AT)
  const end = <usize>load<u32>(own, 4)
  const ofAbsolute = reinterpret<i64>(ROUNDING)
  let sumAbsolute: i64 = 0
  let sumSquared: i64 = 0
  let sumSigned: i64 = 0
  let largest: f32 = 0
  for (let record = <usize>load<u32>(own); record < end; record += stride) {
    const residual = load<f32>(record + at) - value
    const to = record - back
    if (back != 0) moveRecord(to, record, stride)
    store<f32>(to + at, residual)
    const wide = <f64>residual
    const whole = reinterpret<i64>(wide * absolute + ROUNDING) - ofAbsolute
    sumSigned += whole
    sumAbsolute += whole < 0 ? -whole : whole
    sumSquared += reinterpret<i64>(wide * wide * squared + ROUNDING) - ofAbsolute
    largest = max(largest, abs(residual))
  }
  store<i64>(sums, load<i64>(sums, ABSOLUTE) + sumAbsolute, ABSOLUTE)
  store<i64>(sums, load<i64>(sums, SQUARED) + sumSquared, SQUARED)
  store<i64>(sums, load<i64>(sums, SIGNED) + sumSigned, SIGNED)
  store<f32>(sums, max(load<f32>(sums, LARGEST), largest), LARGEST)
}
