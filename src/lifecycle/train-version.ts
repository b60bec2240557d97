// Training a version: every plan is a run of its own, the best of them is registered once.
import { coverageFigures } from '../evaluation/coverage.ts'
import type { Score } from '../evaluation/day-losses.ts'
import { figureWriter } from '../evaluation/figures.ts'
import { featureDigest } from '../features/specification.ts'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import { OWN_TAGS } from '../tracking/own-runs.ts'
import type { ModelVersion } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { intervalsTag } from './intervals.ts'
import { saveCopies } from './log-training.ts'
import { specificationFor } from './project.ts'
import { OWN, placeOf, RECIPE } from './recipe-lines.ts'
import { endAbandonedAttempts, type RunSubject, windowText } from './recording.ts'
import type { LifecycleRooms, TrainingResult } from './rooms.ts'
import { coverageIn, meanLoss } from './scoring.ts'
import { learntBy, type TaskHandle, type Trained, type TrainingPlan, warmStartText } from './training-plan.ts'
import { type Reported, reportTraining } from './training-report.ts'
import { runPlan } from './training-run.ts'

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
  const trained = await runPlans(rooms, subject, plans, task, parentRunId)
  const [best] = trained.toSorted((a, b) => (a.result.earlyStopMae ?? Infinity) - (b.result.earlyStopMae ?? Infinity))
  if (best === undefined)
    throw new PlannedError('BAD_INPUT', 'no trainer was named', { next: 'set TRAINERS to mlp,trees' })
  const selection = trained.length === 1 ? null : await sayChosen(rooms, trained, best, task)
  for (const { run } of trained) {
    if (run === best.run) continue
    await reportTraining(rooms, { subject, holdout: null }, { runId: run.id, version: null }, task.signal)
    await rooms.tracking.endRun(run.id, 'FINISHED')
  }
  await saveCopies(rooms, subject, best, task.log)
  return await register(rooms, subject, { ...best, selection }, task)
}

/**
 * Trains by each plan. One of several that cannot learn these rows (`BAD_DATA`) leaves a failed run, is told of, and does not stand in
 * the way of the others.
 */
async function runPlans(
  rooms: LifecycleRooms,
  subject: RunSubject,
  plans: readonly TrainingPlan[],
  task: TaskHandle,
  parentRunId: string | null,
): Promise<Trained[]> {
  const trained: Trained[] = []
  let failure: unknown = null
  for (const plan of plans) {
    try {
      trained.push(await runPlan(rooms, subject, plan, task, parentRunId))
    } catch (error) {
      if (!isPlanned(error, 'BAD_DATA')) throw error
      if (plans.length > 1) task.log(OWN.couldNotLearn(plan.trainer, messageOf(error)))
      failure ??= error
    }
  }
  if (trained.length === 0 && failure !== null) throw failure
  return trained
}

/** Writes what was measured on the holdout to the version and its run, the report to the run, and ends the run. Safe to repeat: what is ended already is not ended again. */
export async function closeTraining(
  rooms: LifecycleRooms,
  version: ModelVersion,
  holdout: Score | null,
  reported: Reported,
  task: Pick<TaskHandle, 'log' | 'signal'>,
): Promise<void> {
  const { tracking, clock } = rooms
  const holdoutMae = meanLoss(holdout)
  const figures: Record<string, number> =
    holdoutMae === null ? {} : { holdout_mae: holdoutMae, ...coverageFigures('holdout_', coverageIn(holdout)) }
  const tags = Object.entries(figures).map(([key, value]) => [`${OWN_TAGS}${key}`, String(value)])
  if (tags.length > 0) await tracking.setVersionTags(version.name, version.version, Object.fromEntries(tags))
  if (version.runId === null || (await tracking.run(version.runId)).status !== 'RUNNING') return
  const at = { step: 0, timestampMs: clock.nowMs() }
  const metrics = Object.entries(figures).map(([key, value]) => ({ key, value, ...at }))
  if (metrics.length > 0) await tracking.logMetrics(version.runId, metrics)
  await reportTraining(rooms, reported, { runId: version.runId, version }, task.signal)
  await tracking.endRun(version.runId, 'FINISHED')
  task.log(RECIPE.autologDone())
}

/**
 * Says which of several was chosen, in the log and in each one's run: those that were not stay as runs and become no version.
 * Returns it in words.
 */
async function sayChosen(
  { tracking, project }: LifecycleRooms,
  trained: readonly Trained[],
  best: Trained,
  task: TaskHandle,
): Promise<string> {
  const figures = trained.map(({ plan, result }) => ({ trainer: plan.trainer, error: result.earlyStopMae ?? 0 }))
  task.log(OWN.chosen(best.plan.trainer, project.metric, figures))
  const text = figureWriter(figures.map(({ error }) => error))
  const compared = figures.map(({ trainer, error }) => `${trainer} ${text(error)}`).join(', ')
  const by = `by ${project.metric.name} on the early-stop rows (selection figures, not measurements): ${compared}`
  for (const { run } of trained) {
    const text = run === best.run ? `chosen ${by}` : `not chosen, ${best.plan.trainer} was, ${by}`
    await tracking.setTags(run.id, { [TAG.selection]: text })
  }
  return `chosen ${by}`
}

async function register(
  rooms: LifecycleRooms,
  subject: RunSubject,
  best: Trained & { readonly selection: string | null },
  task: TaskHandle,
): Promise<ModelVersion> {
  const { plan, run, result, selection } = best
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
    [TAG.intervals]: intervalsTag(plan, result),
    [TAG.effect]: task.effectKey,
    ...(result.earlyStopMae === null ? {} : { [TAG.earlyStopMae]: String(result.earlyStopMae) }),
    ...(warmStart === null ? {} : { [TAG.warmStartOf]: warmStart }),
    ...(selection === null ? {} : { [TAG.selection]: selection }),
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

/** The earliest rows a version knows of: its own, or those that the weights it began with had learnt. */
function learntFrom(plan: TrainingPlan, result: TrainingResult): string {
  const own = new Date(plan.fit.fromMs).toISOString()
  const inherited = result.warmStarted ? plan.warmStart?.tags[TAG.trainedFrom] : undefined
  return inherited !== undefined && inherited < own ? inherited : own // ISO texts sort as the instants do
}
