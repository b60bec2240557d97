// Evaluating one version on any window, by hand.
import { PlannedError } from '../kernel/errors.ts'

import type { TimeWindow } from '../kernel/window.ts'
import type { ModelVersion, Stage } from '../tracking/port.ts'
import { TAG, trainedToMs } from './champion.ts'
import { preprocess } from './preprocess.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import { datasetInput, startRun, windowText } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import { type Data, meanLoss, rowsOf, scoreVersion } from './scoring.ts'

/** A version by number, or the one in a stage. */
export type VersionChoice = { readonly version: number } | { readonly stage: Stage }

/** Finds a version. Throws `NOT_FOUND` that says which versions there are. */
export async function findVersion(
  rooms: Pick<LifecycleRooms, 'tracking'>,
  model: string,
  choice: VersionChoice,
): Promise<ModelVersion> {
  const versions = await rooms.tracking.versions(model)
  const found = versions.find((one) =>
    'version' in choice ? one.version === choice.version : one.stage === choice.stage,
  )
  if (found !== undefined) return found
  const wanted = 'version' in choice ? `version ${choice.version}` : `version in ${choice.stage}`
  const there =
    versions.length === 0
      ? 'it has none yet; make the first with: ./understudy cycle'
      : `there are ${versions.map(({ version, stage }) => `v${version} (${stage})`).join(', ')}`
  throw new PlannedError('NOT_FOUND', `${model} has no ${wanted}: ${there}`)
}

export type Evaluation = {
  readonly model: string
  readonly version: number
  readonly stage: Stage
  readonly window: string
  readonly rows: number
  readonly error: number | null
  readonly metric: { readonly name: string; readonly unit: string }
  /** Whether the version learnt rows of this window, so that its error is too good; null where nobody wrote down what it learnt. */
  readonly inSample: boolean | null
  readonly runId: string
}

/** Scores a version on a window and records it as a run. Throws `BAD_DATA` if it cannot score, or if there are no rows. */
export async function evaluateVersion(
  rooms: LifecycleRooms,
  request: Data & { model: string; experiment: string; choice: VersionChoice; window: TimeWindow },
  watch: Watch,
): Promise<Evaluation> {
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const version = await findVersion(rooms, request.model, request.choice)
  const stop = watch.signal === undefined ? {} : { signal: watch.signal }
  await preprocess(rooms, { ...request, rebuild: 'stale', ...stop })
  const [score] = await scoreVersion(rooms, { model: request.model, version: version.version }, request, [request.window], watch.signal)
  if (score === undefined || score.kind === 'cannot-score') {
    throw new PlannedError('BAD_DATA', `v${version.version} of ${request.model} cannot score ${windowText(request.window)}: ${score?.reason ?? ''}`)
  }
  const rows = rowsOf(score.days)
  const error = meanLoss(score)
  if (error === null) {
    throw new PlannedError('BAD_DATA', `there are no clean ${rooms.project.row.many} of raw_${request.size} in ${windowText(request.window)} to evaluate on`)
  }
  const subject = { ...request, origin }
  const run = await startRun(rooms, subject, {
    kind: 'evaluate',
    name: `evaluate v${version.version} ${windowText(request.window)}`,
    parentRunId: null,
  })
  await rooms.tracking.logParams(run.id, {
    context: 'evaluate',
    training_set_size: request.size,
    row_count: String(rows),
    model_version: String(version.version),
  })
  await rooms.tracking.logMetrics(run.id, [
    { key: rooms.project.metric.name, value: error, step: 0, timestampMs: rooms.clock.nowMs() },
  ])
  await rooms.tracking.logInputs(run.id, [await datasetInput(rooms, subject, { window: request.window, rows, context: 'eval' })])
  await rooms.tracking.endRun(run.id, 'FINISHED')
  return {
    model: request.model,
    version: version.version,
    stage: version.stage,
    window: windowText(request.window),
    rows,
    error,
    metric: rooms.project.metric,
    inSample: isInSample(version, request.window),
    runId: run.id,
  }
}

function isInSample(version: ModelVersion, window: TimeWindow): boolean | null {
  const to = trainedToMs(version)
  const from = Date.parse(version.tags[TAG.trainedFrom] ?? '')
  if (to === null) return null
  return window.fromMs < to && !(window.toMs <= from)
}
