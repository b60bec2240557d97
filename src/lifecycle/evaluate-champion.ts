// Task `evaluate_production_model`: the champion's losses on the holdout, and its error on the whole month.
import { coverageFigures } from '../evaluation/coverage.ts'
import type { Score } from '../evaluation/day-losses.ts'
import { encodedWidth } from '../features/specification.ts'
import type { TaskContext } from '../flow/port.ts'
import { monthOf } from '../kernel/window.ts'
import type { Metric } from '../tracking/port.ts'
import type { Cast } from './cast.ts'
import { trainedToMs } from './champion.ts'
import { ensureProcessed, type Fresh } from './fresh.ts'
import { recipeSpecification } from './project.ts'
import { OWN, placeOf, RECIPE } from './recipe-lines.ts'
import {
  datasetInput,
  isCalendarMonth,
  monitorRun,
  PRODUCTION,
  PRODUCTION_METRIC,
  PRODUCTION_ROWS,
  startRun,
  stepOfMonth,
  windowText,
} from './recording.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { coverageIn, meanLoss, scoreVersion } from './scoring.ts'

export type Champion = {
  readonly version: number
  readonly holdout: Score
  readonly monthError: number | null
}

export function evaluateChampion(rooms: LifecycleRooms) {
  return async (
    { input, fresh, cast, comparison: version }: { input: CycleInput; fresh: Fresh; cast: Cast; comparison: number },
    context: TaskContext,
  ): Promise<Champion> => {
    const window = { fromMs: input.fromMs, toMs: input.toMs }
    await ensureProcessed(rooms, input, window, context)
    context.log(RECIPE.useCase('evaluate'))
    const holdoutWindow = { fromMs: fresh.holdoutFromMs, toMs: input.toMs }
    const scores = await scoreVersion(
      rooms,
      { model: input.model, version },
      input,
      [window, holdoutWindow],
      context.signal,
    )
    const [month, holdout] = scores
    if (month === undefined || holdout === undefined)
      throw new Error('two windows were scored and two scores are missing')
    const monthError = meanLoss(month)
    const holdoutError = meanLoss(holdout)
    const { metric, row } = rooms.project
    if (fresh.rows === 0) context.log(RECIPE.noRows())
    if (monthError !== null) {
      context.log(RECIPE.modelLoaded(placeOf(rooms)))
      context.log(
        RECIPE.dataLoaded(fresh.rows, encodedWidth(recipeSpecification(rooms.project, input.timeReading)) + 1),
      )
      context.log(RECIPE.modelEvaluated(metric, monthError))
    }
    if (holdoutError !== null) context.log(OWN.onHoldout(metric, holdoutError, fresh.holdoutRows, row.many))
    await record(rooms, input, { version, cast, fresh, month, holdout }, context)
    return { version, holdout, monthError }
  }
}

interface Figures {
  readonly version: number
  readonly cast: Cast
  readonly fresh: Fresh
  readonly month: Score
  readonly holdout: Score
}

/** The evaluation's own run, and the point on Production's curve. Safe to repeat: the run of this task is found again. */
async function record(rooms: LifecycleRooms, input: CycleInput, figures: Figures, task: TaskContext): Promise<void> {
  const { tracking, project } = rooms
  const monthError = meanLoss(figures.month)
  const holdoutError = meanLoss(figures.holdout)
  const window = { fromMs: input.fromMs, toMs: input.toMs }
  const run = await startRun(
    rooms,
    input,
    { kind: 'evaluate', name: `evaluate v${figures.version} ${windowText(window)}`, parentRunId: figures.cast.runId },
    `${task.effectKey}/run`,
  )
  if (run.status === 'RUNNING') {
    const params = {
      context: 'evaluate',
      training_set_size: input.size,
      row_count: String(figures.fresh.rows),
      model_version: String(figures.version),
    }
    await tracking.logParams(run.id, params)
    const values = {
      ...(monthError === null ? {} : { [project.metric.name]: monthError }),
      ...(holdoutError === null ? {} : { holdout_mae: holdoutError }),
      ...coverageFigures('', coverageIn(figures.month)),
      ...coverageFigures('holdout_', coverageIn(figures.holdout)),
    }
    await tracking.logMetrics(run.id, metricsOf(values, { step: 0, timestampMs: run.startedAtMs }))
    await tracking.logInputs(run.id, [
      await datasetInput(rooms, input, { window, rows: figures.fresh.rows, context: 'eval' }),
    ])
    if (figures.fresh.rows > 0) {
      await rooms.outputs?.save('params', 'json', JSON.stringify(params, null, 1))
      await rooms.outputs?.save('metrics', 'json', JSON.stringify({ [project.metric.name]: monthError }))
      task.log(RECIPE.resultsSaved(placeOf(rooms)))
      task.log(RECIPE.done('evaluate'))
    }
    await tracking.endRun(run.id, 'FINISHED')
    task.log(RECIPE.autologDone())
  }
  // A point on the curve is Production's error on a whole calendar month that it had learnt nothing of.
  const reached = trainedToMs(await tracking.version(input.model, figures.version))
  const isFair = figures.version === figures.cast.production && reached !== null && reached <= input.fromMs
  if (monthError !== null && isFair && isCalendarMonth(window) && figures.cast.onlyLooks === null) {
    const monitor = await monitorRun(rooms, input)
    const step = stepOfMonth(monthOf(input.fromMs))
    const values = {
      [PRODUCTION_METRIC]: monthError,
      [PRODUCTION_ROWS]: figures.fresh.rows,
      ...coverageFigures(PRODUCTION, coverageIn(figures.month)),
    }
    await tracking.logMetrics(monitor.id, metricsOf(values, { step, timestampMs: run.startedAtMs }))
  }
}

function metricsOf(values: Readonly<Record<string, number>>, at: Pick<Metric, 'step' | 'timestampMs'>): Metric[] {
  return Object.entries(values).map(([key, value]) => ({ key, value, ...at }))
}
