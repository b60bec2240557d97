// Student's t, for whole degrees of freedom: what few days do to certainty.

/**
 * Quantile of Student's t: the value that lies above a draw with the given probability.
 * Bisection on the angle atan(t / sqrt(degrees)), in which the distribution is a finite sum of positive terms.
 *
 * Error   within 1e-9 of t (relative above 1) for probabilities in [0.0001, 0.9999] and 1 to 1000 degrees of freedom.
 * Throws  RangeError unless 0 < probability < 1 and degrees is a whole number from 1.
 * Source  M. Abramowitz and I. Stegun, "Handbook of Mathematical Functions", 1964, 26.7.3 and 26.7.4.
 *
 * @example studentTQuantile(0.5, 4) // => 0
 * @example studentTQuantile(0.975, 4).toFixed(6) // => '2.776445'
 */
export function studentTQuantile(probability: number, degrees: number): number {
  if (!(probability > 0 && probability < 1)) throw new RangeError(`a probability of ${probability} has no quantile`)
  if (!(Number.isInteger(degrees) && degrees >= 1)) throw new RangeError(`${degrees} degrees of freedom`)
  if (probability < 0.5) return -studentTQuantile(1 - probability, degrees)
  const within = 2 * probability - 1
  let low = 0
  let high = Math.PI / 2
  for (let middle = high / 2; middle > low && middle < high; middle = low + (high - low) / 2) {
    if (probabilityWithin(middle, degrees) < within) low = middle
    else high = middle
  }
  return Math.sqrt(degrees) * Math.tan(low)
}

/** P(|T| < sqrt(degrees) tan(angle)), for angles in [0, pi / 2]. */
function probabilityWithin(angle: number, degrees: number): number {
  const cosine = Math.cos(angle)
  const isOdd = degrees % 2 === 1
  // Odd: cos + 2/3 cos^3 + (2 4)/(3 5) cos^5 …; even: 1 + 1/2 cos^2 + (1 3)/(2 4) cos^4 …; up to cos^(degrees - 2).
  let term = isOdd ? cosine : 1
  let sum = 0
  for (let power = isOdd ? 1 : 0; power <= degrees - 2; power += 2) {
    sum += term
    term *= ((power + 1) / (power + 2)) * cosine * cosine
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum
}
