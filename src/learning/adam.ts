// The optimiser.

export interface AdamSettings {
  readonly learningRate: number
  readonly beta1: number
  readonly beta2: number
  readonly adamEpsilon: number
}

export interface Adam {
  /** Moves the weights one step against their gradient. */
  step(): void
}

/**
 * Returns a function that gives Adam's rate at each step, from the first on: the learning rate with the bias correction of both
 * moments in it.
 */
export function openRates({ learningRate, beta1, beta2 }: AdamSettings): () => number {
  // Powers by repeated multiplication: `**` is not the same on every version of Node.
  let beta1Power = 1
  let beta2Power = 1
  return () => {
    beta1Power *= beta1
    beta2Power *= beta2
    return (learningRate * Math.sqrt(1 - beta2Power)) / (1 - beta1Power)
  }
}

/**
 * Adam over one array of weights, in Keras' form: the bias correction is in the step's size, epsilon outside the root of the
 * uncorrected second moment.
 *
 * Source  D. P. Kingma and J. Ba, "Adam", ICLR 2015, end of section 2 (the more efficient order of computation).
 */
export function openAdam(weights: Float32Array, gradients: Float32Array, settings: AdamSettings): Adam {
  const { beta1, beta2, adamEpsilon } = settings
  const first = new Float32Array(weights.length)
  const second = new Float32Array(weights.length)
  const nextRate = openRates(settings)
  return {
    step() {
      update(weights, gradients, first, second, nextRate(), 1 - beta1, 1 - beta2, adamEpsilon)
    },
  }
}

function update(
  weights: Float32Array,
  gradients: Float32Array,
  first: Float32Array,
  second: Float32Array,
  rate: number,
  newFirst: number,
  newSecond: number,
  epsilon: number,
): void {
  for (let i = 0; i < weights.length; i++) {
    const gradient = gradients[i]!
    const m = first[i]! + (gradient - first[i]!) * newFirst
    const v = second[i]! + (gradient * gradient - second[i]!) * newSecond
    first[i] = m
    second[i] = v
    weights[i]! -= (rate * m) / (Math.sqrt(v) + epsilon)
  }
}
