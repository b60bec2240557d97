// What mlflow.tensorflow.autolog records of the recipe's training, a training of ours records too, under the same names.
import { expect, test } from 'vitest'
import { deliveries } from '../deliveries/project.ts'
import { openStage } from './stage.ts'

/** Seen in MLflow 3.11 with Keras 3.15: `fit` with early stopping. */
const PARAMS =
  'epochs batch_size validation_split shuffle class_weight sample_weight initial_epoch steps_per_epoch validation_steps ' +
  'validation_batch_size validation_freq opt_name opt_learning_rate opt_weight_decay opt_clipnorm opt_global_clipnorm ' +
  'opt_clipvalue opt_use_ema opt_ema_momentum opt_ema_overwrite_frequency opt_loss_scale_factor ' +
  'opt_gradient_accumulation_steps opt_beta_1 opt_beta_2 opt_epsilon opt_amsgrad monitor min_delta patience baseline ' +
  'restore_best_weights'
const METRICS = 'loss mae val_loss val_mae validation_loss validation_mae stopped_epoch restored_epoch'

test('a training records the parameters, metrics by epoch and files that autolog would', async () => {
  await using stage = await openStage(deliveries())
  await stage.month('2020-04', { trainers: ['mlp'] })
  const { tracking } = stage
  const { runId } = await tracking.version('deliveries', 2)
  const run = await tracking.run(runId ?? '')
  expect(Object.keys(run.params)).toEqual(expect.arrayContaining(PARAMS.split(' ')))
  expect(run.params).toMatchObject({ opt_name: 'adam', opt_epsilon: '1e-07', monitor: 'val_loss', shuffle: 'True' })
  expect(Object.keys(run.metrics)).toEqual(expect.arrayContaining(METRICS.split(' ')))
  const { stopped_epoch: stopped = 0, restored_epoch: restored = 0 } = run.metrics
  expect(stopped - restored).toBe(Number(run.params.patience))

  const steps = async (key: string) => (await tracking.metricHistory(run.id, key)).map(({ step }) => step)
  const epochs = Array.from({ length: stopped + 1 }, (_, epoch) => epoch)
  for (const key of ['loss', 'val_loss', 'val_mae']) expect(await steps(key), key).toEqual([...epochs, stopped + 1])
  expect(await steps('validation_mae')).toEqual(epochs.map(() => 0))
  const curve = await tracking.metricHistory(run.id, 'val_loss')
  expect(curve.at(-1)?.value).toBe(curve[restored]?.value) // the epoch whose weights were kept, once more

  const files = (await tracking.listArtifacts(run.id)).map(({ path }) => path.replace(/\d{10}/, 'TIME'))
  expect(files).toEqual([
    'checkpoints/latest_checkpoint.onnx',
    'checkpoints/latest_checkpoint_metrics.json',
    'model/MLmodel',
    'model/model.onnx',
    'model/requirements.txt',
    'model_summary.txt',
    'report/error_by_actual.svg',
    'report/importance.svg',
    'report/learning_curve.svg',
    'report/model_card.md',
    'report/predicted_against_actual.svg',
    'tensorboard_logs/train/events.out.tfevents.TIME.understudy',
    'tensorboard_logs/validation/events.out.tfevents.TIME.understudy',
    'training.json',
  ])
  expect(run.tags['mlflow.latest_checkpoint_artifact']).toBe(files[0])
  const summary = Buffer.from(await tracking.readArtifact(run.id, 'model_summary.txt')).toString()
  const stored = (await tracking.readModelFile('deliveries', 2, 'model.onnx')).byteLength
  const weights = Number(/^weights: (\d+)$/m.exec(summary)?.[1])
  expect(weights).toBeGreaterThan(0)
  expect(4 * weights).toBeLessThan(stored) // four bytes each, and the graph around them
})
