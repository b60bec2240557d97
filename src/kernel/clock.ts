// Time comes in through this door only, so that a test can hand in another.

export interface Clock {
  /** Milliseconds since 1970-01-01T00:00Z. */
  nowMs(): number
}

/** The machine's own clock. */
export const systemClock: Clock = { nowMs: () => Date.now() }
