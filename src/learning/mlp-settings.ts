// What the `mlp` trainer may be told.
import { z } from 'zod'

export const MlpSettings = z.strictObject({
  /** Units of each hidden layer. */
  hidden: z.array(z.int().min(1).max(4_096)).min(1).max(8),
  learningRate: z.number().positive(),
  batchSize: z.int().min(1),
  /** Epochs without a better loss on the early-stop rows before learning ends. */
  patience: z.int().min(1),
  epochs: z.int().min(1),
  /** The penalty on the first kernel: l1 · Σ|w| + l2 · Σw². */
  l1: z.number().min(0),
  l2: z.number().min(0),
  /** Share of each hidden layer's outputs dropped in training. */
  dropout: z.number().min(0).lt(1),
  /** Share the moving statistics of batch normalisation keep at each step. */
  momentum: z.number().min(0).lt(1),
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  adamEpsilon: z.number().positive(),
})
export type MlpSettings = Readonly<z.infer<typeof MlpSettings>>

/** The recipe's network. Its penalty is the one Keras 2.10 gave it: `l1_l2(l2=0.005)` meant l1 = 0.01 besides. */
export const MLP_DEFAULTS: MlpSettings = {
  hidden: [100, 50],
  learningRate: 0.0005,
  batchSize: 256,
  patience: 2,
  epochs: 100,
  l1: 0.01,
  l2: 0.005,
  dropout: 0.1,
  momentum: 0.9,
  beta1: 0.9,
  beta2: 0.999,
  adamEpsilon: 1e-7, // Keras' default
}
