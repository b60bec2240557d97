// The optimiser, as in adam.ts: a part of the weights, a rectangle of them at a time.
import { Plan } from './mlp-plan'
import { multiplyAdd } from './mlp-products'

/** Moves `values` weights in a row, a multiple of 4, one step against their gradient. */
export function adam(plan: Plan, weights: usize, values: i32, rate: f64): void {
  const settings = plan.settings
  const toGradient = plan.gradients - plan.trained
  const toFirst = plan.firstMoments - plan.trained
  const toSecond = plan.secondMoments - plan.trained
  const newFirst = f32x4.splat(<f32>settings.newFirst)
  const newSecond = f32x4.splat(<f32>settings.newSecond)
  const epsilon = f32x4.splat(<f32>settings.adamEpsilon)
  const step = f32x4.splat(<f32>rate)
  const end = weights + (<usize>values << 2)
  for (let at = weights; at < end; at += 16) {
    const gradient = v128.load(at + toGradient)
    const m = v128.load(at + toFirst)
    const v = v128.load(at + toSecond)
    const first = multiplyAdd(f32x4.sub(gradient, m), newFirst, m)
    const second = multiplyAdd(f32x4.sub(f32x4.mul(gradient, gradient), v), newSecond, v)
    v128.store(at + toFirst, first)
    v128.store(at + toSecond, second)
    const by = f32x4.div(f32x4.mul(step, first), f32x4.add(f32x4.sqrt(second), epsilon))
    v128.store(at, f32x4.sub(v128.load(at), by))
  }
}

/**
 * The gradient of l1 · Σ|w| + l2 · Σw² (0 at w = 0), added for four columns of `rows` rows; Σ|w| and Σw² of the weights as they
 * are, in double, left at `sums`.
 */
export function penalise(plan: Plan, weights: usize, rows: i32, rowBytes: usize, sums: usize): void {
  const settings = plan.settings
  const toGradient = plan.gradients - plan.trained
  const l1 = f32x4.splat(<f32>settings.l1)
  const twiceL2 = f32x4.splat(<f32>(2 * settings.l2))
  const zero = f32x4.splat(0)
  const signs = f32x4.splat(-0.0)
  let absolute = f64x2.splat(0)
  let squared = f64x2.splat(0)
  for (let row = 0, at = weights; row < rows; row++, at += rowBytes) {
    const w = v128.load(at)
    const low = f64x2.promote_low_f32x4(w)
    const high = f64x2.promote_low_f32x4(v128.shuffle<i64>(w, w, 1, 0))
    absolute = f64x2.add(f64x2.add(absolute, f64x2.abs(low)), f64x2.abs(high))
    squared = f64x2.add(f64x2.add(squared, f64x2.mul(low, low)), f64x2.mul(high, high))
    const sign = v128.and(v128.or(l1, v128.and(w, signs)), f32x4.ne(w, zero))
    v128.store(at + toGradient, f32x4.add(v128.load(at + toGradient), multiplyAdd(twiceL2, w, sign)))
  }
  store<f64>(sums, f64x2.extract_lane(absolute, 0) + f64x2.extract_lane(absolute, 1))
  store<f64>(sums, f64x2.extract_lane(squared, 0) + f64x2.extract_lane(squared, 1), 8)
}
