// Seeded random numbers, the same on every machine and in every JavaScript engine: integer arithmetic only.

export interface Random {
  /** Uniform in [0, 1), 32 random bits. */
  uniform(): number
  /** Uniform integer in [0, below). `below` up to 2^32. */
  below(below: number): number
  /** 32 random bits, as an unsigned integer. */
  bits(): number
}

/**
 * xoshiro128** seeded by splitmix32 over any number of integers, so that (seed, month, stream) each get a stream of their own.
 *
 * Source  D. Blackman and S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 47(4), 2021.
 */
export function seededRandom(...seeds: readonly number[]): Random {
  let [s0, s1, s2, s3] = seededState(...seeds)
  const bits = (): number => {
    const scrambled = Math.imul(s1, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0
    const t = s1 << 9
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    s2 ^= t
    s3 = (s3 << 11) | (s3 >>> 21)
    return result
  }
  const uniform = (): number => bits() / 0x1_0000_0000
  return { bits, uniform, below: (below) => Math.floor(uniform() * below) }
}

/** The four words that `seededRandom` begins with. */
export function seededState(...seeds: readonly number[]): [number, number, number, number] {
  let mixed = 0x9e3779b9
  const mix = (): number => {
    mixed = (mixed + 0x9e3779b9) | 0
    let z = mixed
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return (z ^ (z >>> 15)) >>> 0
  }
  for (const seed of seeds) {
    mixed = (mix() ^ seed) | 0
    mixed = (mix() ^ Math.floor(seed / 0x1_0000_0000)) | 0 // seeds beyond 32 bits count whole
  }
  return [mix() | 0, mix() | 0, mix() | 0, mix() | 1] // never all zero
}

/** Shuffles in place (Fisher and Yates), every order equally likely. */
export function shuffle(items: Int32Array | Uint32Array, random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const kept = items[i]!
    items[i] = items[j]!
    items[j] = kept
  }
}
