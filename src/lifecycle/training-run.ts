// One training as a run in tracking: started, its curve written while it learns, its results when it has, ended if it fails.
import { isPlanned, messageOf } from '../kernel/errors.ts'
import type { EpochRecord } from '../learning/port.ts'
import type { ModelVersion, Run } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { openCurveLog } from './curve-log.ts'
import { logTraining } from './log-training.ts'
import { tablesOf } from './project.ts'
import { type RunSubject, startRun, windowText } from './recording.ts'
import type { LifecycleRooms, TrainingRequest, TrainingResult } from './rooms.ts'
import { beginningLines, trainedLines } from './training-lines.ts'
import { learntBy, type TaskHandle, type Trained, type TrainingPlan } from './training-plan.ts'
import { openTrainingProgress } from './training-progress.ts'
import { recordTraining } from './training-record.ts'
import { drawTraining } from './training-report.ts'

/** Trains by a plan. The run is left open, for what is measured of the model next; ended if the training fails. */
export async function runPlan(
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
    tags: { [TAG.effect]: task.effectKey, ...tunedTag(plan) },
  })
  try {
    const { request, result } = await train(rooms, subject, plan, task, run)
    const trained = { plan, run, result }
    await logTraining(rooms, subject, trained, task.log)
    await recordTraining(rooms, subject, trained, request)
    await drawTraining(rooms, trained)
    return trained
  } catch (error) {
    await endFailed(rooms, run.id, error, task.signal.aborted ? 'KILLED' : 'FAILED')
    throw error
  }
}

/** The search that settled on its settings, where there was one. */
function tunedTag({ tags }: TrainingPlan): Record<string, string> {
  const run = tags[TAG.tunedBy]
  return run === undefined ? {} : { [TAG.tunedBy]: run }
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
): Promise<{ request: TrainingRequest; result: TrainingResult }> {
  const warmStart = plan.warmStart === null ? null : await readModel(rooms, plan.warmStart)
  for (const line of await beginningLines(rooms, subject.model, plan, warmStart !== null)) task.log(line)
  const curve = openCurveLog(rooms, run.id)
  const progress = openTrainingProgress(
    { trainer: plan.trainer, metric: rooms.project.metric.name },
    () => performance.now(),
    task.progress,
  )
  const onEpoch = (record: EpochRecord): void => {
    progress.onEpoch(record)
    curve.add(record)
  }
  const { fit, earlyStop, steps, trainer, settings, seed } = plan
  const request = {
    ...{ fit, earlyStop, steps, trainer, settings, seed },
    table: tablesOf(rooms.project, subject).processed,
    timeReading: subject.timeReading,
    warmStart: warmStart === null ? null : Buffer.from(warmStart).toString('base64'),
    metadata: { 'understudy.run_id': run.id, 'understudy.model': subject.model },
    inherits: plan.inherits ?? null,
  }
  try {
    const { onProgress } = progress
    task.progress(`${trainer}: reading its rows`)
    const result = await rooms.runTraining(request, { signal: task.signal, onEpoch, onProgress, log: task.log })
    await curve.close()
    for (const line of trainedLines(rooms, plan.trainer, result)) task.log(line)
    return { request, result }
  } catch (error) {
    await curve.close().catch(() => undefined) // what the training failed of is what is told
    throw error
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
