import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom, shuffle } from './random.ts'

describe('seededRandom', () => {
  // From a second implementation, in Python's integers. A change here changes every simulated row and every trained model.
  test.each([
    { seeds: [], stream: [1124887014, 3599819727, 2505802108, 3049555024] },
    { seeds: [0], stream: [44197159, 1593892151, 69292063, 3149120353] },
    { seeds: [1], stream: [634190167, 3932687948, 4066773829, 3823283566] },
    { seeds: [-1], stream: [3035357971, 894648861, 3630623846, 2448344628] },
    { seeds: [2 ** 32 + 1], stream: [2836193816, 2418426840, 2767885177, 2825383667] },
    { seeds: [1, 0], stream: [590477191, 1953910351, 2733786790, 3012879291] },
    { seeds: [2015, 1, 3], stream: [4252230169, 1610863912, 402474489, 1373050790] },
    { seeds: [-(2 ** 40) - 7], stream: [3619584229, 2048722347, 1737283707, 419262913] },
  ])('has one golden stream for the seeds $seeds', ({ seeds, stream }) => {
    const random = seededRandom(...seeds)
    expect(stream.map(() => random.bits())).toEqual(stream)
  })

  test('uniform and below are the same bits, scaled', () => {
    const [bits, uniform, below] = [seededRandom(7), seededRandom(7), seededRandom(7)]
    for (let draw = 0; draw < 100; draw++) {
      const next = bits.bits()
      expect(uniform.uniform()).toBe(next / 2 ** 32)
      expect(below.below(10)).toBe(Math.floor((next / 2 ** 32) * 10))
    }
  })

  test('other seeds, in another order or number, give another stream', () => {
    const seeds = fc.array(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), { maxLength: 4 })
    fc.assert(
      fc.property(seeds, seeds, (one, other) => {
        const first = (values: number[]): string => {
          const random = seededRandom(...values)
          return Array.from({ length: 4 }, () => random.bits()).join()
        }
        expect(first(one) === first(other)).toBe(JSON.stringify(one) === JSON.stringify(other))
      }),
      { seed: 20_150_204, numRuns: 500 },
    )
  })

  test('stays in range, up to the largest', () => {
    const random = seededRandom(3)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (limit) => {
        const drawn = random.below(limit)
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < limit).toBe(true)
        const share = random.uniform()
        expect(share >= 0 && share < 1).toBe(true)
      }),
      { seed: 20_150_205, numRuns: 500 },
    )
  })

  test('is uniform: mean, spread, and the sixteen equal parts', () => {
    const random = seededRandom(20_150_206)
    const counts = new Uint32Array(16)
    let [sum, squares] = [0, 0]
    const draws = 200_000
    for (let draw = 0; draw < draws; draw++) {
      const value = random.uniform()
      sum += value
      squares += value * value
      const part = Math.floor(value * 16)
      counts[part] = counts[part]! + 1
    }
    // Five standard errors of the mean; of the second moment (1/3, variance 4/45).
    expect(Math.abs(sum / draws - 1 / 2)).toBeLessThan(5 * Math.sqrt(1 / 12 / draws))
    expect(Math.abs(squares / draws - 1 / 3)).toBeLessThan(5 * Math.sqrt(4 / 45 / draws))
    const chiSquared = counts.reduce((total, count) => total + (count - draws / 16) ** 2 / (draws / 16), 0)
    expect(chiSquared).toBeLessThan(44.3) // 0.9999 quantile at 15 degrees of freedom
    expect(chiSquared).toBeGreaterThan(1.6) // 0.0001 quantile: too even is wrong too
  })

  test('two streams that differ in one seed do not move together', () => {
    const [one, other] = [seededRandom(0, 1), seededRandom(0, 2)]
    const draws = 50_000
    let product = 0
    for (let draw = 0; draw < draws; draw++) product += (one.uniform() - 0.5) * (other.uniform() - 0.5)
    expect(Math.abs((product / draws) * 12)).toBeLessThan(5 / Math.sqrt(draws)) // a correlation, five standard errors
  })
})

describe('shuffle', () => {
  test('moves the items and loses none', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 40 }), fc.integer(), (items, seed) => {
        const shuffled = Int32Array.from(items)
        shuffle(shuffled, seededRandom(seed))
        expect([...shuffled].sort((a, b) => a - b)).toEqual(items.toSorted((a, b) => a - b))
      }),
      { seed: 20_150_207 },
    )
  })

  test('every order is equally likely', () => {
    const random = seededRandom(5)
    const counts = new Map<string, number>()
    const draws = 24_000
    for (let draw = 0; draw < draws; draw++) {
      const items = Uint32Array.of(0, 1, 2, 3)
      shuffle(items, random)
      counts.set(items.join(), (counts.get(items.join()) ?? 0) + 1)
    }
    expect(counts.size).toBe(24)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * Math.sqrt(1000))
  })

  test('the same seed gives the same order', () => {
    const items = Int32Array.from({ length: 8 }, (_, index) => index)
    shuffle(items, seededRandom(42))
    expect([...items]).toEqual([6, 4, 0, 7, 1, 5, 3, 2]) // by the same second implementation
  })
})
