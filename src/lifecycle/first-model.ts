// The first model: everything before the month, learnt once, taken as the baseline whatever its error.
import { judge } from '../evaluation/gate.ts'
import { flow } from '../flow/flow.ts'
import type { TaskContext } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
import { askAboutFirst } from './ask.ts'
import { TAG } from './champion.ts'
import { isInSample } from './evaluate-version.ts'
import { ensureProcessed, isTooFewToLearn, sayTooFew, splitWindow } from './fresh.ts'
import type { FirstModelOutcome, TrainOutcome } from './outcome.ts'
import { tablesOf } from './project.ts'
import { OWN, RECIPE, sayMoved } from './recipe-lines.ts'
import { windowText } from './recording.ts'
import { FirstModelInput, type LifecycleRooms } from './rooms.ts'
import { meanLoss, metricOf, scoreVersion } from './scoring.ts'
import { causeOf, enterStaging, takeProduction } from './stage-moves.ts'
import { tellFirst } from './tell.ts'
import { closeTraining, trainVersion } from './train-version.ts'
import { settingsFor } from './trainer-settings.ts'
import type { Reported } from './training-report.ts'

/** The share of history that the first model is held against: about a month of six years. */
export const HISTORY_SPLIT = 0.02

export const firstModel = flow<LifecycleRooms>()({
  name: 'first_model',
  version: 2,
  input: FirstModelInput,
  async run({ task, rooms }, input): Promise<FirstModelOutcome> {
    const history = await task('preprocess_history', { input }, preprocessHistory(rooms), { retries: 2 })
    const trained =
      input.waiting === null
        ? await task('train_first_model', { input, history }, trainFirst(rooms, 'first model'), { retries: 1 })
        : null
    const version = trained?.version ?? input.waiting
    if (version === null) throw new Error('a version waits or is trained, and neither was')
    const isTrained = trained !== null
    const judged = await task('accept_first_model', { input, history, version, isTrained }, accept(rooms), {
      retries: 3,
    })
    if (!input.tell) return { ...judged, decision: null }
    const asked =
      judged.verdict === 'escalate' ? await task('ask_a_person', { input, version }, askAboutFirst(rooms)) : null
    const first = { ...judged, decision: asked?.id ?? null }
    if (asked?.isNew ?? true) await task('notify', { first }, tellFirst(rooms))
    return first
  },
})

/** The history's rows and cuts. */
type History = {
  readonly rows: number
  readonly fitRows: number
  readonly earlyStopRows: number
  readonly holdoutRows: number
  readonly holdoutDays: number
  readonly earlyStopFromMs: number
  readonly holdoutFromMs: number
}

/** Training by hand: the same, but the version waits in Staging. */
export const train = flow<LifecycleRooms>()({
  name: 'train',
  version: 1,
  input: FirstModelInput,
  async run({ task, rooms }, input): Promise<TrainOutcome> {
    const history = await task('preprocess_history', { input }, preprocessHistory(rooms), { retries: 2 })
    return await task('train', { input, history }, trainAndScore(rooms), { retries: 1 })
  },
})

function preprocessHistory(rooms: LifecycleRooms) {
  return async ({ input }: { input: FirstModelInput }, context: TaskContext): Promise<History> => {
    const window = { fromMs: input.fromMs, toMs: input.toMs }
    await ensureProcessed(rooms, input, window, context)
    const { tooSmall: _, ...split } = await splitWindow(rooms, input, window, input.splitRatio)
    if (
      input.waiting === null &&
      (isTooFewToLearn(split.fitRows) || split.earlyStopRows === 0 || split.holdoutRows === 0)
    ) {
      sayTooFew(context.log)
      const { raw } = tablesOf(rooms.project, input)
      throw new PlannedError(
        'BAD_DATA',
        `${raw} has ${split.rows} clean ${rooms.project.row.many} ${window.toMs > window.fromMs ? 'in ' : ''}${windowText(window)}, too few to learn a first model from`,
        {
          next: `import older ones (./understudy data import FILE --table ${raw} --append), or begin with a later month`,
          facts: { rows: split.rows },
        },
      )
    }
    return split
  }
}

/** `why`: what the version is made for, as its history says it. */
function trainFirst(rooms: LifecycleRooms, why: 'first model' | 'trained by hand') {
  return async (
    { input, history }: { input: FirstModelInput; history: History },
    context: TaskContext,
  ): Promise<{ readonly version: number }> => {
    const coldWhy = why === 'trained by hand' ? await whyCold(rooms, input) : null
    const plans = input.trainers.map((trainer) => ({
      trainer,
      settings: settingsFor(trainer, input.trainerSettings),
      fit: { fromMs: input.fromMs, toMs: history.earlyStopFromMs },
      earlyStop: { fromMs: history.earlyStopFromMs, toMs: history.holdoutFromMs },
      steps: null,
      warmStart: null,
      coldWhy,
      seed: input.seed,
      splitRatio: input.splitRatio,
      tags: {},
    }))
    const version = await trainVersion(rooms, input, plans, context, null)
    const learnt = { fromMs: input.fromMs, toMs: history.holdoutFromMs }
    await enterStaging(rooms.tracking, version, `${why}, learnt ${windowText(learnt)}`, context.effectKey)
    await sayMoved(rooms, version, context)
    context.log(RECIPE.done('train'))
    return { version: version.version }
  }
}

/** Why a training by hand does not go on from what is in Production; null where nothing is there. */
async function whyCold({ tracking }: LifecycleRooms, input: FirstModelInput): Promise<string | null> {
  const serving = (await tracking.versions(input.model)).find(({ stage }) => stage === 'Production')
  return serving === undefined ? null : OWN.startsCold(serving.version, isInSample(serving, input))
}

function trainAndScore(rooms: LifecycleRooms) {
  return async (
    { input, history }: { input: FirstModelInput; history: History },
    context: TaskContext,
  ): Promise<TrainOutcome> => {
    const { version } = await trainFirst(rooms, 'trained by hand')({ input, history }, context)
    const score = await scoreFirst(rooms, input, history, version, context)
    const trained = await rooms.tracking.version(input.model, version)
    await closeTraining(rooms, trained, score, reportedOf(input, history), context)
    return {
      model: input.model,
      version,
      rows: history.rows,
      fitRows: history.fitRows,
      earlyStopError: Number(trained.tags[TAG.earlyStopMae]),
      holdoutRows: history.holdoutRows,
      error: meanLoss(score),
      metric: rooms.project.metric,
      stage: 'Staging',
      runId: trained.runId,
    }
  }
}

async function scoreFirst(
  rooms: LifecycleRooms,
  input: FirstModelInput,
  history: History,
  version: number,
  context: TaskContext,
) {
  const window = { fromMs: history.holdoutFromMs, toMs: input.toMs }
  const [score] = await scoreVersion(rooms, { model: input.model, version }, input, [window], context.signal)
  if (score === undefined) throw new Error('a window was scored and its score is missing')
  const error = meanLoss(score)
  const { metric, row } = rooms.project
  if (error !== null) context.log(OWN.onHoldout(metric, error, history.holdoutRows, row.many))
  return score
}

/** What a first model's report is about: its holdout, where there is nobody to be compared with. */
function reportedOf(input: FirstModelInput, history: History): Reported {
  const window = { fromMs: history.holdoutFromMs, toMs: input.toMs }
  return { subject: input, holdout: { window, comparedWith: null } }
}

type Acceptance = {
  readonly input: FirstModelInput
  readonly history: History
  readonly version: number
  readonly isTrained: boolean
}

function accept(rooms: LifecycleRooms) {
  return async (
    { input, history, version, isTrained }: Acceptance,
    context: TaskContext,
  ): Promise<Omit<FirstModelOutcome, 'decision'>> => {
    const chosen = await rooms.tracking.version(input.model, version)
    const holdout = await scoreFirst(rooms, input, history, version, context)
    if (isTrained || !(TAG.holdoutMae in chosen.tags))
      await closeTraining(rooms, chosen, holdout, reportedOf(input, history), context)
    const verdict = judge({
      holdout: { rows: history.holdoutRows, days: history.holdoutDays },
      champion: { kind: 'none-ever', firstChampion: input.accept ? 'accept' : 'ask' },
      challenger: holdout.kind === 'scored' ? { ...holdout, rowsLearnt: 'known' } : holdout,
      threshold: input.threshold,
      rule: 'point',
      looks: 1,
      metric: metricOf(rooms.project),
    })
    if (verdict.kind === 'promote') await takeTheStage(rooms, input, version, verdict.reason, context.effectKey)
    await sayMoved(rooms, chosen, context)
    await rooms.tracking.setVersionTags(input.model, version, { [TAG.verdict]: `first model: ${verdict.kind}` })
    return {
      model: input.model,
      version,
      trained: isTrained,
      from: chosen.tags[TAG.trainedFrom] ?? new Date(input.fromMs).toISOString(),
      to: chosen.tags[TAG.trainedTo] ?? new Date(input.toMs).toISOString(),
      rows: history.rows,
      holdoutRows: history.holdoutRows,
      error: meanLoss(holdout),
      threshold: input.threshold,
      metric: rooms.project.metric,
      verdict: verdict.kind === 'promote' ? 'promote' : 'escalate',
      reason: verdict.reason,
      warning: verdict.warning,
    }
  }
}

/** Staging to Production. A version that learnt from rows of another origin gives way, and its archiving says which. */
async function takeTheStage(
  rooms: LifecycleRooms,
  input: FirstModelInput,
  version: number,
  reason: string,
  effectKey: string,
): Promise<void> {
  const { foreign } = input
  const replaced = foreign === null ? null : await rooms.tracking.version(input.model, foreign)
  const learnt = replaced?.tags[TAG.origin] ?? 'unknown'
  const why = `it learnt from ${learnt} ${rooms.project.row.many}, and the data is ${input.origin} now; replaced by v${version}`
  const moves = takeProduction({ number: version, from: 'Staging' }, { number: foreign, reason: why }, causeOf(reason))
  await rooms.tracking.move(input.model, moves, `${effectKey}/move`)
}
