// Regression trees as arrays: what training makes, prediction walks through and the model file holds.

/**
 * All nodes of all trees in one table, tree after tree. A row's columns are its numbers, in the specification's order, then its
 * categories, each code replaced by its `rank`; a number that has no value is NaN, a category's code -1 has the rank NaN.
 */
export interface TreeEnsemble {
  /** Added to the sum of the leaves. */
  readonly base: number
  /** (trees) The node each tree begins with. */
  readonly roots: Int32Array
  /** (nodes) The column a node asks for; -1 for a leaf. */
  readonly column: Int32Array
  /** (nodes) Values up to this one, it included, go left. */
  readonly threshold: Float32Array
  /** (nodes) 1 if NaN goes left. */
  readonly missingLeft: Uint8Array
  /** (nodes) */
  readonly left: Int32Array
  readonly right: Int32Array
  /** (nodes) What a leaf adds to the prediction, learning rate included. */
  readonly value: Float32Array
  /** (nodes) How much a split lessened the loss of the rows it was learnt from. */
  readonly gain: Float32Array
  /** Per category: (codes) the place of each code in the order that the trees split it by. */
  readonly ranks: readonly Float32Array[]
}
