// What mlflow.tensorflow.autolog records of a training beside the curve itself, of ours: by the same names, where there is a counterpart.
import type { FeatureSpecification } from '../features/specification.ts'
import type { EpochRecord } from '../learning/port.ts'
import { eventFile, type Scalar } from '../learning/tensorboard.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Metric } from '../tracking/port.ts'
import type { TrainingResult } from './rooms.ts'

/** The tag that says where the newest checkpoint lies. */
const CHECKPOINT_TAG = 'mlflow.latest_checkpoint_artifact'
const CHECKPOINT = 'checkpoints/latest_checkpoint.onnx'

/** Parameters, tags and files that a training of a trainer has besides our own; none for a trainer that Keras has no counterpart of. */
export function autologged(
  trainer: string,
  specification: FeatureSpecification,
  result: TrainingResult,
  nowMs: number,
): { params: Record<string, string>; tags: Record<string, string>; files: { path: string; bytes: Uint8Array }[] } {
  const { autolog } = trainerNamed(trainer)
  if (autolog === undefined) return { params: {}, tags: {}, files: [] }
  const kept = result.epochs[result.keptEpoch]
  const seconds = Math.floor(nowMs / 1000)
  const events = (part: 'train' | 'validation') => ({
    path: `tensorboard_logs/${part}/events.out.tfevents.${seconds}.understudy`,
    bytes: eventFile(result.epochs.flatMap(part === 'train' ? trainScalars : validationScalars), nowMs),
  })
  return {
    params: autolog.params(result.settings, { stopsEarly: result.earlyStopRows > 0 }),
    tags: { [CHECKPOINT_TAG]: CHECKPOINT },
    files: [
      { path: 'model_summary.txt', bytes: Buffer.from(autolog.summary(specification, result.settings)) },
      events('train'),
      ...(result.earlyStopRows > 0 ? [events('validation')] : []),
      { path: CHECKPOINT, bytes: Buffer.from(result.model, 'base64') },
      {
        path: 'checkpoints/latest_checkpoint_metrics.json',
        bytes: Buffer.from(JSON.stringify({ epoch: result.keptEpoch, ...(kept === undefined ? {} : byName(kept)) })),
      },
    ],
  }
}

/** An epoch's points: `loss`, `mae` and the two of the early-stop rows by epoch, and those two again as autolog's test at step 0. */
export function epochMetrics(record: EpochRecord, timestampMs: number): Metric[] {
  const points = Object.entries(byName(record)).map(([key, value]) => ({ key, value, step: record.epoch, timestampMs }))
  const { valLoss, valMae } = record
  if (valLoss !== null) points.push({ key: 'validation_loss', value: valLoss, step: 0, timestampMs })
  if (valMae !== null) points.push({ key: 'validation_mae', value: valMae, step: 0, timestampMs })
  return points
}

/** Which epoch learning stopped after and which it went back to, and, a step behind the curve, that epoch's figures again. */
export function stoppedMetrics(
  { epochs, keptEpoch, earlyStopMae, stoppedEarly }: TrainingResult,
  at: { step: number; timestampMs: number },
): Metric[] {
  const restored = { key: 'restored_epoch', value: keptEpoch, ...at }
  const kept = epochs[keptEpoch]
  if (!stoppedEarly || kept === undefined) return [restored]
  const again = Object.entries(byName(kept)).filter(([key]) => key !== 'mae') // that one is ours: the error of the weights kept
  return [
    restored,
    { key: 'stopped_epoch', value: epochs.length - 1, ...at },
    ...again.map(([key, value]) => ({ key, value: key === 'val_mae' ? (earlyStopMae ?? value) : value, ...at })),
  ]
}

function byName({ loss, mae, valLoss, valMae }: EpochRecord): Record<string, number> {
  return {
    loss,
    mae,
    ...(valLoss === null ? {} : { val_loss: valLoss }),
    ...(valMae === null ? {} : { val_mae: valMae }),
  }
}

/** Keras' names of curves. */
function trainScalars({ epoch, loss, mae }: EpochRecord): Scalar[] {
  return [
    { tag: 'epoch_loss', step: epoch, value: loss },
    { tag: 'epoch_mae', step: epoch, value: mae },
  ]
}

function validationScalars({ epoch, valLoss, valMae }: EpochRecord): Scalar[] {
  return [
    ...(valLoss === null ? [] : [{ tag: 'epoch_loss', step: epoch, value: valLoss }]),
    ...(valMae === null ? [] : [{ tag: 'epoch_mae', step: epoch, value: valMae }]),
  ]
}
