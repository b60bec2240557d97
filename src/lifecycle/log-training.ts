// What a training leaves in its run when it has come to its end: parameters, figures, the data it read, the model and its files.
import { modelFolder } from '../learning/model-folder.ts'
import { snakeCase } from '../learning/settings.ts'
import type { Metric } from '../tracking/port.ts'
import { autologged, stoppedMetrics } from './autolog.ts'
import { TAG } from './champion.ts'
import { specificationFor } from './project.ts'
import { placeOf, RECIPE } from './recipe-lines.ts'
import { datasetInput, type RunSubject } from './recording.ts'
import type { LifecycleRooms, TrainingResult } from './rooms.ts'
import { learntBy, type Trained, warmStartText } from './training-plan.ts'

/** Writes all of it to the run. */
export async function logTraining(
  rooms: LifecycleRooms,
  subject: RunSubject,
  trained: Trained,
  log: (line: string) => void,
): Promise<void> {
  const { tracking, clock } = rooms
  const { plan, run, result } = trained
  const keras = kerasFiles(rooms, subject, trained)
  const model = Buffer.from(result.model, 'base64')
  await tracking.logParams(run.id, { ...paramsOf(subject, trained), ...keras.params })
  await tracking.setTags(run.id, { ...keras.tags, [TAG.computedBy]: result.computedBy })
  await tracking.logMetrics(run.id, metricsOf(result, model.byteLength, clock.nowMs()))
  const rows = result.fitRows + result.earlyStopRows
  await tracking.logInputs(run.id, [
    await datasetInput(rooms, subject, { window: learntBy(plan), rows, context: 'train' }),
  ])
  for (const file of modelFolder(model, { runId: run.id, createdAtMs: clock.nowMs() })) {
    await tracking.logArtifact(run.id, `model/${file.path}`, file.bytes)
  }
  for (const { path, bytes } of keras.files) await tracking.logArtifact(run.id, path, bytes)
  if (placeOf(rooms) === 'mlflow') log(RECIPE.resultsSaved('mlflow'))
}

/** Writes the recipe's own files of the training that became a version, where they are wanted. */
export async function saveCopies(
  rooms: LifecycleRooms,
  subject: RunSubject,
  trained: Trained,
  log: (line: string) => void,
): Promise<void> {
  const { outputs } = rooms
  if (outputs === null) return
  const { result } = trained
  const params = { ...paramsOf(subject, trained), ...kerasFiles(rooms, subject, trained).params }
  await outputs.save('params', 'json', JSON.stringify(params, null, 1))
  const of = 'the early-stop rows: a selection figure, not a measurement'
  await outputs.save('metrics', 'json', JSON.stringify({ mae: result.earlyStopMae, of }))
  log(RECIPE.resultsSaved('local'))
  await outputs.save('models', 'onnx', Buffer.from(result.model, 'base64'))
  log(RECIPE.modelSaved('local'))
}

/** What Keras' own logging would have recorded of it. */
function kerasFiles({ project, clock }: LifecycleRooms, subject: RunSubject, { plan, result }: Trained) {
  const specification = specificationFor(project, subject.timeReading, plan.trainer)
  return autologged(plan.trainer, specification, result, clock.nowMs())
}

function paramsOf(subject: RunSubject, { plan, result }: Trained): Record<string, string> {
  const settings = Object.entries(result.settings).map(([key, value]) => [
    snakeCase(key),
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return {
    context: 'train',
    training_set_size: subject.size,
    row_count: String(result.fitRows),
    early_stop_rows: String(result.earlyStopRows),
    trainer: plan.trainer,
    seed: String(plan.seed),
    split_ratio: String(plan.splitRatio),
    warm_start_of: warmStartText(plan, result) ?? 'none',
    train_from: new Date(plan.fit.fromMs).toISOString(),
    train_to: new Date(learntBy(plan).toMs).toISOString(),
    time_reading: subject.timeReading,
    ...Object.fromEntries(settings),
  }
}

function metricsOf(result: TrainingResult, modelBytes: number, nowMs: number): Metric[] {
  const at = { step: result.epochs.length, timestampMs: nowMs }
  const metrics: Metric[] = [
    { key: 'training_seconds', value: result.seconds, ...at },
    { key: 'model_bytes', value: modelBytes, ...at },
    ...stoppedMetrics(result, at),
  ]
  // The error of the weights kept, one step after the curve: the last word on `mae` is not the best epoch seen on the way.
  if (result.earlyStopMae !== null) metrics.push({ key: 'mae', value: result.earlyStopMae, ...at })
  return metrics
}
