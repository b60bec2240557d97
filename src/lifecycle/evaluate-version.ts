// Evaluating one version on any window, by hand.
import { type Coverage, coverageFigures } from '../evaluation/coverage.ts'
import { encodedWidth } from '../features/specification.ts'
import { isPlanned, PlannedError } from '../kernel/errors.ts'
import type { TimeWindow } from '../kernel/window.ts'
import type { ModelVersion, Stage } from '../tracking/port.ts'
import { TAG, trainedToMs } from './champion.ts'
import { ensureProcessed } from './fresh.ts'
import { recipeSpecification, tablesOf } from './project.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import { placeOf, RECIPE } from './recipe-lines.ts'
import { datasetInput, startRun, windowText } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import { coverageIn, type Data, meanLoss, rowsOf, scoreVersion } from './scoring.ts'

/** A version by number, the newest one in a stage, or the one an alias stands for. */
export type VersionChoice = { readonly version: number } | { readonly stage: Stage } | { readonly alias: string }

/** Finds a version. Throws `NOT_FOUND` that says which versions there are and what to do; `say` hears the recipe's line before. */
export async function findVersion(
  rooms: Pick<LifecycleRooms, 'tracking'>,
  model: string,
  choice: VersionChoice,
  say?: (line: string) => void,
): Promise<ModelVersion> {
  const versions = await rooms.tracking.versions(model)
  const aliases = 'alias' in choice ? await rooms.tracking.aliases(model) : {}
  const number = 'alias' in choice ? aliases[choice.alias] : 'version' in choice ? choice.version : undefined
  const found = versions.find((one) => ('stage' in choice ? one.stage === choice.stage : one.version === number))
  if (found !== undefined) return found
  if ('stage' in choice) say?.(RECIPE.noModelFound(model, choice.stage))
  if ('alias' in choice && versions.length > 0) throw noAlias(model, choice.alias, Object.keys(aliases))
  const wanted =
    'version' in choice
      ? `version ${choice.version}`
      : 'stage' in choice
        ? `version in ${choice.stage}`
        : `version with the alias ${choice.alias}`
  const [newest] = versions
  const there =
    newest === undefined
      ? 'it has no version yet'
      : `there are ${versions.map(({ version, stage }) => `v${version} (${stage})`).join(', ')}`
  const next =
    newest === undefined
      ? 'make the first with: ./understudy cycle'
      : 'version' in choice
        ? 'name one of these'
        : `name one with --version ${newest.version}${'stage' in choice && choice.stage === 'Production' ? `, or put one there: ./understudy promote ${model} --version ${waitingOr(newest, versions)} --why "…"` : ''}`
  throw new PlannedError('NOT_FOUND', `${model} has no ${wanted}`, { why: there, next })
}

function noAlias(model: string, alias: string, there: readonly string[]): PlannedError {
  return new PlannedError('NOT_FOUND', `${model} has no version with the alias ${alias}`, {
    why: there.length === 0 ? 'none of its versions has one' : `its aliases are ${there.join(', ')}`,
    next: 'name a version by its number or its stage; ./understudy models lists them',
  })
}

/** The number of the version that waits in Staging; the newest one's where none does. */
function waitingOr(newest: ModelVersion, versions: readonly ModelVersion[]): number {
  return (versions.find(({ stage }) => stage === 'Staging') ?? newest).version
}

export type Evaluation = {
  readonly model: string
  readonly version: number
  readonly stage: Stage
  readonly window: string
  readonly rows: number
  readonly error: number | null
  readonly metric: { readonly name: string; readonly unit: string }
  /** How the version's intervals did, a level each; none of a version without any. */
  readonly coverage: readonly Coverage[]
  /** Whether the version learnt rows of this window, so that its error is too good; null where nobody wrote down what it learnt. */
  readonly inSample: boolean | null
  /** End (exclusive) of the rows it learnt, ISO; null where nobody wrote it down. */
  readonly trainedTo: string | null
  readonly runId: string
}

interface EvaluationRequest extends Data {
  readonly model: string
  readonly experiment: string
  readonly choice: VersionChoice
  readonly window: TimeWindow
}

/** Scores a version on a window and records it as a run. Throws `BAD_DATA` if it cannot score, or if there are no rows. */
export async function evaluateVersion(
  rooms: LifecycleRooms,
  request: EvaluationRequest,
  watch: Watch,
): Promise<Evaluation> {
  const say = watch.log ?? (() => undefined)
  const version = await findVersion(rooms, request.model, request.choice, say).catch((error: unknown) => {
    if (isPlanned(error, 'NOT_FOUND')) say(RECIPE.noModel())
    throw error
  })
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const { window } = request
  await ensureProcessed(rooms, { ...request, origin }, window, watch)
  say(RECIPE.useCase('evaluate'))
  const who = { model: request.model, version: version.version }
  const [score] = await scoreVersion(rooms, who, request, [window], watch.signal)
  if (score === undefined || score.kind === 'cannot-score') {
    throw new PlannedError('BAD_DATA', `v${who.version} of ${who.model} cannot score ${windowText(window)}`, {
      why: score?.reason ?? 'no answer',
      next: 'restore its file from a backup, choose another version with --version, or another window with --from and --to',
    })
  }
  const error = meanLoss(score)
  if (error === null) {
    say(RECIPE.noRows())
    const { many } = rooms.project.row
    throw new PlannedError(
      'BAD_DATA',
      `${tablesOf(rooms.project, request).raw} has no clean ${many} in ${windowText(window)} to evaluate on`,
      { next: 'choose another window with --from and --to; ./understudy data shows which months there are' },
    )
  }
  const rows = rowsOf(score.days)
  const { metric } = rooms.project
  const coverage = coverageIn(score)
  say(RECIPE.modelLoaded(placeOf(rooms)))
  say(RECIPE.dataLoaded(rows, encodedWidth(recipeSpecification(rooms.project, request.timeReading)) + 1))
  say(RECIPE.modelEvaluated(metric, error))
  return {
    ...who,
    stage: version.stage,
    window: windowText(window),
    rows,
    error,
    metric,
    coverage,
    inSample: isInSample(version, window),
    trainedTo: version.tags[TAG.trainedTo] ?? null,
    runId: await record(rooms, { ...request, origin }, { version: who.version, rows, error, coverage }, say),
  }
}

/** The evaluation as a run of its own; returns its id. */
async function record(
  rooms: LifecycleRooms,
  subject: EvaluationRequest & { readonly origin: string },
  { version, rows, error, coverage }: { version: number; rows: number; error: number; coverage: readonly Coverage[] },
  say: (line: string) => void,
): Promise<string> {
  const { tracking, project, clock, outputs } = rooms
  const name = `evaluate v${version} ${windowText(subject.window)}`
  const run = await startRun(rooms, subject, { kind: 'evaluate', name, parentRunId: null })
  const params = {
    context: 'evaluate',
    training_set_size: subject.size,
    row_count: String(rows),
    model_version: String(version),
  }
  await tracking.logParams(run.id, params)
  const at = { step: 0, timestampMs: clock.nowMs() }
  const figures = Object.entries({ [project.metric.name]: error, ...coverageFigures('', coverage) })
  await tracking.logMetrics(
    run.id,
    figures.map(([key, value]) => ({ key, value, ...at })),
  )
  await tracking.logInputs(run.id, [
    await datasetInput(rooms, subject, { window: subject.window, rows, context: 'eval' }),
  ])
  await outputs?.save('params', 'json', JSON.stringify(params, null, 1))
  await outputs?.save('metrics', 'json', JSON.stringify({ [project.metric.name]: error }))
  say(RECIPE.resultsSaved(placeOf(rooms)))
  say(RECIPE.done('evaluate'))
  await tracking.endRun(run.id, 'FINISHED')
  say(RECIPE.autologDone())
  return run.id
}

/** Whether a version learnt rows of a window; null where nobody wrote down what it learnt. */
export function isInSample(version: ModelVersion, window: TimeWindow): boolean | null {
  const to = trainedToMs(version)
  const from = Date.parse(version.tags[TAG.trainedFrom] ?? '')
  if (to === null) return null
  return window.fromMs < to && !(window.toMs <= from)
}
