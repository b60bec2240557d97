// Training a version: run, curve, ONNX file, registration. Every attempt is a run of its own; the version is registered once.
import { featureDigest } from '../features/specification.ts'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { modelFolder } from '../learning/model-folder.ts'
import type { EpochRecord } from '../learning/port.ts'
import type { Metric, ModelVersion, Run } from '../tracking/port.ts'
import { autologged, epochMetrics, stoppedMetrics } from './autolog.ts'
import { TAG } from './champion.ts'
import { specificationFor, tablesOf } from './project.ts'
import { placeOf, RECIPE } from './recipe-lines.ts'
import { datasetInput, endAbandonedAttempts, type RunSubject, startRun, windowText } from './recording.ts'
import type { LifecycleRooms, TrainingResult } from './rooms.ts'
import { snakeCase } from './trainer-settings.ts'
import { beginningLines, trainedLines } from './training-lines.ts'

export interface TrainingPlan {
  readonly trainer: string
  /** In place of the trainer's own. */
  readonly settings: JsonObject
  readonly fit: TimeWindow
  /** Null to train for exactly `steps` steps. */
  readonly earlyStop: TimeWindow | null
  readonly steps: number | null
  readonly warmStart: ModelVersion | null
  /** What to say of a start without anybody's weights, where there were some. */
  readonly coldWhy?: string | null
  readonly seed: number
  readonly splitRatio: number
  /** Further tags of the version. */
  readonly tags: Readonly<Record<string, string>>
}

export interface TaskHandle {
  readonly effectKey: string
  readonly signal: AbortSignal
  progress(text: string): void
  log(line: string): void
}

/**
 * Trains by each plan, keeps the one with the lowest error on its early-stop rows, and registers it as the next version, in stage
 * None. Done before under this effect key: returns that version, and trains nothing. Its run is left open: what is measured next
 * belongs to it (`closeTraining`).
 */
export async function trainVersion(
  rooms: LifecycleRooms,
  subject: RunSubject,
  plans: readonly TrainingPlan[],
  task: TaskHandle,
  parentRunId: string | null,
): Promise<ModelVersion> {
  const earlier = (await rooms.tracking.versions(subject.model)).find(
    (version) => version.tags[TAG.effect] === task.effectKey,
  )
  if (earlier !== undefined) return earlier
  await endAbandonedAttempts(rooms.tracking, subject.experiment, task.effectKey)
  task.log(RECIPE.useCase('train'))
  const trained = []
  for (const plan of plans) trained.push(await runOne(rooms, subject, plan, task, parentRunId))
  const [best] = trained.toSorted((a, b) => (a.result.earlyStopMae ?? 0) - (b.result.earlyStopMae ?? 0))
  if (best === undefined) throw new PlannedError('BAD_INPUT', 'no trainer was named', { next: 'set TRAINERS to mlp' })
  for (const { run } of trained) if (run !== best.run) await rooms.tracking.endRun(run.id, 'FINISHED')
  return await register(rooms, subject, best, task)
}

/** Writes the gate's figure to the version and its run, and ends the run. Safe to repeat: what is ended already is not ended again. */
export async function closeTraining(
  rooms: LifecycleRooms,
  version: ModelVersion,
  holdoutMae: number | null,
  task: Pick<TaskHandle, 'log'>,
): Promise<void> {
  const { tracking, clock } = rooms
  if (holdoutMae !== null)
    await tracking.setVersionTags(version.name, version.version, { [TAG.holdoutMae]: String(holdoutMae) })
  if (version.runId === null || (await tracking.run(version.runId)).status !== 'RUNNING') return
  if (holdoutMae !== null) {
    const metric = { key: 'holdout_mae', value: holdoutMae, step: 0, timestampMs: clock.nowMs() }
    await tracking.logMetrics(version.runId, [metric])
  }
  await tracking.endRun(version.runId, 'FINISHED')
  task.log(RECIPE.autologDone())
}

interface Trained {
  readonly plan: TrainingPlan
  readonly run: Run
  readonly result: TrainingResult
}

async function runOne(
  rooms: LifecycleRooms,
  subject: RunSubject,
  plan: TrainingPlan,
  task: TaskHandle,
  parentRunId: string | null,
): Promise<Trained> {
  const run = await startRun(rooms, subject, {
    kind: 'train',
    name: `train ${plan.trainer} ${windowText(learntBy(plan))}`,
    parentRunId,
    tags: { [TAG.effect]: task.effectKey },
  })
  try {
    const result = await train(rooms, subject, plan, task, run)
    await logTraining(rooms, subject, plan, { run, result, log: task.log })
    return { plan, run, result }
  } catch (error) {
    await endFailed(rooms, run.id, error, task.signal.aborted ? 'KILLED' : 'FAILED')
    throw error
  }
}

/** Says in a run what it failed of. Whatever goes wrong here is not what went wrong: it must not take that error's place. */
async function endFailed(
  rooms: LifecycleRooms,
  runId: string,
  error: unknown,
  status: 'KILLED' | 'FAILED',
): Promise<void> {
  try {
    await rooms.tracking.setTags(runId, { 'understudy.error': messageOf(error).slice(0, 5_000) })
    await rooms.tracking.endRun(runId, status)
  } catch (failure) {
    if (!isPlanned(failure)) throw failure
  }
}

async function train(
  rooms: LifecycleRooms,
  subject: RunSubject,
  plan: TrainingPlan,
  task: TaskHandle,
  run: Run,
): Promise<TrainingResult> {
  const warmStart = plan.warmStart === null ? null : await readModel(rooms, plan.warmStart)
  for (const line of await beginningLines(rooms, subject.model, plan, warmStart !== null)) task.log(line)
  const logged: Promise<void>[] = []
  const onEpoch = (record: EpochRecord): void => {
    const val = record.valMae === null ? '' : `, ${record.valMae.toFixed(3)} on the early-stop rows`
    task.progress(
      `${plan.trainer}, epoch ${record.epoch + 1}: ${rooms.project.metric.name} ${record.mae.toFixed(3)}${val}`,
    )
    const logging = rooms.tracking.logMetrics(run.id, epochMetrics(record, rooms.clock.nowMs()))
    logging.catch(() => undefined) // it is awaited below; until then nobody listens, which would end the process
    logged.push(logging)
  }
  try {
    const result = await rooms.runTraining(
      {
        table: tablesOf(rooms.project, subject).processed,
        fit: plan.fit,
        earlyStop: plan.earlyStop,
        steps: plan.steps,
        trainer: plan.trainer,
        settings: plan.settings,
        seed: plan.seed,
        timeReading: subject.timeReading,
        warmStart: warmStart === null ? null : Buffer.from(warmStart).toString('base64'),
        metadata: { 'understudy.run_id': run.id, 'understudy.model': subject.model },
      },
      { signal: task.signal, onEpoch, log: task.log },
    )
    await Promise.all(logged)
    for (const line of trainedLines(rooms, plan.trainer, result)) task.log(line)
    return result
  } finally {
    await Promise.allSettled(logged)
  }
}

/** A version's file; null if it is gone, so that a champion that lost it can still be succeeded, from a cold start. */
async function readModel(rooms: LifecycleRooms, version: ModelVersion): Promise<Uint8Array | null> {
  try {
    return await rooms.tracking.readModelFile(version.name, version.version, 'model.onnx')
  } catch (error) {
    if (isPlanned(error, 'NOT_FOUND')) return null
    throw error
  }
}

async function logTraining(
  rooms: LifecycleRooms,
  subject: RunSubject,
  plan: TrainingPlan,
  { run, result, log }: { run: Run; result: TrainingResult; log: (line: string) => void },
): Promise<void> {
  const { tracking, clock, outputs } = rooms
  const settings = Object.entries(result.settings).map(([key, value]) => [
    snakeCase(key),
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  const keras = autologged(
    plan.trainer,
    specificationFor(rooms.project, subject.timeReading, plan.trainer),
    result,
    clock.nowMs(),
  )
  const params: Record<string, string> = {
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
    ...keras.params,
  }
  await tracking.logParams(run.id, params)
  await tracking.setTags(run.id, keras.tags)
  const model = Buffer.from(result.model, 'base64')
  const at = { step: result.epochs.length, timestampMs: clock.nowMs() }
  const metrics: Metric[] = [
    { key: 'training_seconds', value: result.seconds, ...at },
    { key: 'model_bytes', value: model.byteLength, ...at },
    ...stoppedMetrics(result, at),
  ]
  // The error of the weights kept, one step after the curve: the last word on `mae` is not the best epoch seen on the way.
  if (result.earlyStopMae !== null) metrics.push({ key: 'mae', value: result.earlyStopMae, ...at })
  await tracking.logMetrics(run.id, metrics)
  await tracking.logInputs(run.id, [
    await datasetInput(rooms, subject, {
      window: learntBy(plan),
      rows: result.fitRows + result.earlyStopRows,
      context: 'train',
    }),
  ])
  for (const file of modelFolder(model, { runId: run.id, createdAtMs: clock.nowMs() })) {
    await tracking.logArtifact(run.id, `model/${file.path}`, file.bytes)
  }
  for (const { path, bytes } of keras.files) await tracking.logArtifact(run.id, path, bytes)
  await outputs?.save('params', 'json', JSON.stringify(params, null, 1))
  await outputs?.save('metrics', 'json', JSON.stringify({ mae: result.earlyStopMae }))
  log(RECIPE.resultsSaved(placeOf(rooms)))
  await outputs?.save('models', 'onnx', model)
  if (outputs !== null) log(RECIPE.modelSaved('local'))
}

async function register(
  rooms: LifecycleRooms,
  subject: RunSubject,
  best: Trained,
  task: TaskHandle,
): Promise<ModelVersion> {
  const { plan, run, result } = best
  const specification = specificationFor(rooms.project, subject.timeReading, plan.trainer)
  const warmStart = warmStartText(plan, result)
  const tags: Record<string, string> = {
    [TAG.project]: rooms.project.name,
    [TAG.origin]: subject.origin,
    [TAG.trainer]: plan.trainer,
    [TAG.featureDigest]: featureDigest(specification),
    [TAG.trainedFrom]: learntFrom(plan, result),
    [TAG.trainedTo]: new Date(learntBy(plan).toMs).toISOString(),
    [TAG.fitRows]: String(result.fitRows),
    [TAG.keptSteps]: String(result.keptSteps),
    [TAG.effect]: task.effectKey,
    ...(result.earlyStopMae === null ? {} : { [TAG.earlyStopMae]: String(result.earlyStopMae) }),
    ...(warmStart === null ? {} : { [TAG.warmStartOf]: warmStart }),
    ...plan.tags,
  }
  const description = `${plan.trainer}, learnt ${windowText(learntBy(plan))} of ${subject.size} (${subject.origin})`
  const version = await rooms.tracking.registerVersion(
    { name: subject.model, runId: run.id, path: 'model', description, tags },
    task.effectKey,
  )
  if (placeOf(rooms) === 'mlflow') task.log(RECIPE.modelSaved('mlflow'))
  return version
}

/** Number of the version whose weights a training began with; null for a cold start. */
function warmStartText(plan: TrainingPlan, result: TrainingResult): string | null {
  return plan.warmStart !== null && result.warmStarted ? String(plan.warmStart.version) : null
}

/** The earliest rows a version knows of: its own, or those that the weights it began with had learnt. */
function learntFrom(plan: TrainingPlan, result: TrainingResult): string {
  const own = new Date(plan.fit.fromMs).toISOString()
  const inherited = result.warmStarted ? plan.warmStart?.tags[TAG.trainedFrom] : undefined
  return inherited !== undefined && inherited < own ? inherited : own // ISO texts sort as the instants do
}

/** All rows a plan looks at, those that say when to stop among them: what the version is said to have learnt. */
function learntBy({ fit, earlyStop }: TrainingPlan): TimeWindow {
  return { fromMs: fit.fromMs, toMs: (earlyStop ?? fit).toMs }
}
