import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { studentTQuantile } from './student-t.ts'

type Golden = { quantiles: [probability: number, degrees: number, quantile: number][] }

describe('studentTQuantile', () => {
  test('agrees with SciPy to 1e-9', () => {
    const file = new URL('../../tests/golden/student_t.json', import.meta.url)
    const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden // written by tests/golden/student_t.py
    expect(golden.quantiles.length).toBe(192)
    for (const [probability, degrees, quantile] of golden.quantiles) {
      const found = studentTQuantile(probability, degrees)
      // Relative above 1, absolute below: the measured worst is 1.3e-12, at 1 degree and a probability of 0.9999.
      expect(
        Math.abs(found - quantile) / Math.max(1, Math.abs(quantile)),
        `t(${probability}, ${degrees})`,
      ).toBeLessThan(1e-9)
    }
  })

  test('is the tangent for one degree of freedom, which has a closed form', () => {
    expect(studentTQuantile(0.75, 1)).toBeCloseTo(1, 12)
  })

  test('mirrored probabilities give mirrored quantiles, and a larger probability a larger quantile', () => {
    const probability = fc.double({ min: 0.0001, max: 0.4999, noNaN: true })
    fc.assert(
      fc.property(probability, fc.integer({ min: 1, max: 60 }), (p, degrees) => {
        const low = studentTQuantile(p, degrees)
        expect(studentTQuantile(1 - p, degrees)).toBeCloseTo(-low, 6)
        expect(studentTQuantile(p + 0.0001, degrees)).toBeGreaterThan(low)
      }),
      { seed: 20_150_101, numRuns: 200 },
    )
  })

  test('needs a probability between 0 and 1 and whole degrees of freedom', () => {
    expect(() => studentTQuantile(1, 4)).toThrow('a probability of 1 has no quantile')
    expect(() => studentTQuantile(0, 4)).toThrow(RangeError)
    expect(() => studentTQuantile(Number.NaN, 4)).toThrow(RangeError)
    expect(() => studentTQuantile(0.9, 0)).toThrow('0 degrees of freedom')
    expect(() => studentTQuantile(0.9, 2.5)).toThrow(RangeError)
  })
})
