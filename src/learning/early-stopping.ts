// When to stop learning, and which epoch's weights to keep.

export interface EarlyStopping {
  /** Epoch with the lowest loss so far, 0-based; -1 before the first. */
  readonly bestEpoch: number
  /** Takes the loss on the early-stop rows after an epoch. `improved`: keep these weights; `stop`: learn no more. */
  after(epoch: number, loss: number): 'improved' | 'go on' | 'stop'
}

/**
 * Stops after `patience` epochs in a row without a new lowest loss, as Keras' callback of that name does (with min_delta 0):
 * an equal loss is no improvement, and epoch 0 never stops.
 */
export function openEarlyStopping(patience: number): EarlyStopping {
  let bestEpoch = -1
  let bestLoss = Number.POSITIVE_INFINITY
  let waited = 0
  return {
    get bestEpoch() {
      return bestEpoch
    },
    after(epoch, loss) {
      if (loss < bestLoss) {
        bestEpoch = epoch
        bestLoss = loss
        waited = 0
        return 'improved'
      }
      waited += 1
      return waited >= patience && epoch > 0 ? 'stop' : 'go on'
    },
  }
}
