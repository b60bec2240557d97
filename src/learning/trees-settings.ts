// What the `trees` trainer may be told. The words mean what they mean in LightGBM.
import { z } from 'zod'

export const TreesSettings = z.strictObject({
  /** What is made small: squared errors (`l2`), absolute errors (`l1`), something between them (`huber`), or the pinball loss of a quantile. */
  objective: z.enum(['l2', 'l1', 'huber', 'quantile']),
  /** Of the objective `huber`: up to this an error counts by its square, beyond it by its size. In the target's unit. */
  huberDelta: z.number().positive(),
  /** Of the objective `quantile`: the share of rows that shall lie below their prediction. */
  quantile: z.number().gt(0).lt(1),
  /**
   * Whether the natural logarithm of the target is learnt, and answers are exponentials: errors then count by their share of the
   * value, and `huberDelta` is such a share. Every target has to be above 0.
   */
  logTarget: z.boolean(),
  /** Answers are rounded to a whole multiple of this, in the target's unit: for a target that comes in steps. 0: not rounded. */
  roundTo: z.number().refine((step) => step === 0 || (step >= 1e-6 && step <= 1e9), {
    error: 'expected 0, or from 0.000001 to 1000000000',
  }),
  /** Leaves a tree has at most. It grows where a split gains most, not level by level. */
  leaves: z.int().min(2).max(4_096),
  /** Share of a leaf's own best value that it adds. */
  learningRate: z.number().positive().max(1),
  /** Trees at most, of each bag. */
  trees: z.int().min(1).max(100_000),
  minLeafRows: z.int().min(1),
  /** Added to a leaf's rows where its value and the gain of a split are worked out: draws small leaves to 0. */
  lambda: z.number().min(0),
  /** A split has to gain more than this. */
  minGain: z.number().min(0),
  /** Share of the rows each tree is grown from, drawn anew for each. */
  rowShare: z.number().positive().max(1),
  /** Share of the columns each tree may ask for, drawn anew for each; at least one. */
  columnShare: z.number().positive().max(1),
  /** Bins of a column at most, those without a value apart. */
  bins: z.int().min(2).max(255),
  /** Trees without a better loss on the early-stop rows before learning ends. */
  patience: z.int().min(1),
  /** So many ensembles, which draw other rows and columns, are averaged into one. The first decides how many trees each has. */
  bags: z.int().min(1).max(100),
})
export type TreesSettings = Readonly<z.infer<typeof TreesSettings>>

export const TREES_DEFAULTS: TreesSettings = {
  objective: 'l1',
  huberDelta: 1,
  quantile: 0.5,
  logTarget: false,
  roundTo: 0,
  leaves: 63,
  learningRate: 0.05,
  trees: 2_000,
  minLeafRows: 20,
  lambda: 0,
  minGain: 0,
  rowShare: 1,
  columnShare: 1,
  bins: 255,
  patience: 50,
  bags: 1,
}
