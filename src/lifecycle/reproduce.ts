// Training again what a run recorded, to see whether the same comes out. Nothing is registered, and no run is touched.
import { isPlanned, PlannedError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/json.ts'
import { monthsOf } from '../kernel/window.ts'
import { trainerNamed } from '../learning/trainers.ts'
import { KIND_TAG } from '../tracking/own-runs.ts'
import type { Run } from '../tracking/port.ts'
import { findVersion } from './evaluate-version.ts'
import { ensureProcessed } from './fresh.ts'
import { tablesOf } from './project.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import type { RunSubject } from './recording.ts'
import { type Change, compareBasis } from './reproduce-basis.ts'
import { type Distance, distanceTo } from './reproduce-distance.ts'
import type { LifecycleRooms, TrainingRequest, TrainingResult } from './rooms.ts'
import { openTrainingProgress } from './training-progress.ts'
import { learntWindow, readTrainingRecord, settingsOf, type TrainingRecord } from './training-record.ts'

/** A training to repeat: its run, or the version that came of it; both, where they are one training. */
export type TrainingChoice = { readonly runId: string; readonly version?: number } | { readonly version: number }

export type Reproduction = {
  readonly runId: string
  readonly runName: string
  readonly trainer: string
  /**
   * `identical`: the same bytes; `equal`: other bytes, whose answers are as good as the same; `different`; `impossible`: it cannot be
   * trained again; `unchanged`, `changed`, `perhaps`: nothing was trained, and what decides the outcome is as it was, or is not, or too little
   * was recorded to tell.
   */
  readonly answer: 'identical' | 'equal' | 'different' | 'impossible' | 'unchanged' | 'changed' | 'perhaps'
  readonly changes: readonly Change[]
  /** Digests of the model's file. */
  readonly sha256: { readonly recorded: string; readonly again: string | null }
  readonly bytes: number
  /** Null where the bytes are the same, or the file of then is gone. */
  readonly distance: Distance | null
  readonly earlyStopError: { readonly recorded: number | null; readonly again: number | null } | null
  readonly computedBy: { readonly recorded: string; readonly again: string | null }
  readonly seconds: number | null
}

/**
 * Repeats a training from what its run recorded, and compares. With `onlyLook` nothing is trained.
 * Throws `NOT_FOUND` for an absent run or version, `BAD_INPUT` for one that is no training, or did not come to its end, and `CANCELLED`.
 */
export async function reproduce(
  rooms: LifecycleRooms,
  { model, choice, onlyLook }: { readonly model: string; readonly choice: TrainingChoice; readonly onlyLook: boolean },
  watch: Watch & { readonly signal: AbortSignal },
): Promise<Reproduction> {
  const { run, record } = await findTraining(rooms, model, choice)
  const subject = subjectOf(record)
  const known = {
    runId: run.id,
    runName: run.name,
    trainer: record.request.trainer,
    bytes: record.model.bytes,
    computedBy: { recorded: record.result.computedBy, again: null },
    sha256: { recorded: record.model.sha256, again: null },
    distance: null,
    earlyStopError: null,
    seconds: null,
  }
  const gone = await goneData(rooms, subject, record, watch)
  if (gone !== null) return { ...known, answer: 'impossible', changes: [gone] }
  await ensureProcessed(rooms, subject, learntWindow(record), watch)
  const { changes, warmStart } = await compareBasis(rooms, subject, run, record)
  if (changes.some((change) => change.of === 'prevents')) return { ...known, answer: 'impossible', changes }
  if (onlyLook) return { ...known, answer: answerOfLook(changes), changes }
  const result = await trainAgain(rooms, record, warmStart, watch)
  return {
    ...known,
    ...(await compare(rooms, { run, record, subject, result }, watch.signal)),
    changes: [...changes, ...computedOtherwise(record, result)],
  }
}

function answerOfLook(changes: readonly Change[]): Reproduction['answer'] {
  const has = (of: Change['of']): boolean => changes.some((change) => change.of === of)
  return has('basis') ? 'changed' : has('perhaps') ? 'perhaps' : 'unchanged'
}

async function findTraining(
  rooms: LifecycleRooms,
  model: string,
  choice: TrainingChoice,
): Promise<{ run: Run; record: TrainingRecord }> {
  const run = await rooms.tracking.run(await chosenRun(rooms, model, choice)).catch((error: unknown) => {
    if (!isPlanned(error, 'NOT_FOUND')) throw error
    const next = './understudy models show VERSION names the run of a version; or give --version'
    throw new PlannedError('NOT_FOUND', error.what, {
      ...(error.why === null ? {} : { why: error.why }),
      next,
      cause: error,
    })
  })
  const refuse = (what: string, why: string, next: string): never => {
    throw new PlannedError('BAD_INPUT', what, { why, next, facts: { run: run.id } })
  }
  const kind = run.tags[KIND_TAG]
  if (kind !== 'train') {
    refuse(
      `run ${run.id} (${run.name}) is no training`,
      kind === undefined ? 'it was made by another program' : `its kind is ${kind}`,
      'name the run of a training: ./understudy models show VERSION tells that of a version',
    )
  }
  const record = await readTrainingRecord(rooms.tracking, run.id)
  if (record === null) {
    const why =
      run.status === 'FINISHED'
        ? 'it was recorded by an earlier version of this program, which kept too little'
        : run.status === 'RUNNING'
          ? 'it is still under way'
          : `it ended as ${run.status}, before there was a model`
    return refuse(
      `run ${run.id} (${run.name}) cannot be trained again`,
      why,
      'name another training: ./understudy models lists the versions',
    )
  }
  const { processed } = tablesOf(rooms.project, { size: record.size, timeReading: record.request.timeReading })
  if (processed !== record.request.table) {
    refuse(
      `run ${run.id} (${run.name}) is no training of ${rooms.project.name}`,
      `it learnt ${record.request.table}`,
      'name its project with --project',
    )
  }
  return { run, record }
}

/** The id of the run that is meant. Throws `BAD_INPUT` if a run and a version are named that are not one training. */
async function chosenRun(rooms: LifecycleRooms, model: string, choice: TrainingChoice): Promise<string> {
  if (!('runId' in choice)) return await runOf(rooms, model, choice.version)
  const { runId, version } = choice
  const own = version === undefined ? runId : await runOf(rooms, model, version)
  if (own === runId) return runId
  throw new PlannedError('BAD_INPUT', `${runId} and --version ${version} name two trainings`, {
    why: `v${version} was made by run ${own}`,
    next: 'give the id of a run, or --version with a number',
  })
}

async function runOf(rooms: LifecycleRooms, model: string, number: number): Promise<string> {
  const { runId } = await findVersion(rooms, model, { version: number })
  if (runId !== null) return runId
  throw new PlannedError('BAD_INPUT', `v${number} of ${model} has no run`, {
    why: 'it was made elsewhere',
    next: 'name a version that was trained here; ./understudy models lists them',
  })
}

function subjectOf({ size, origin, request }: TrainingRecord): RunSubject {
  return {
    experiment: '',
    model: request.metadata['understudy.model'] ?? '',
    size,
    origin,
    timeReading: request.timeReading,
  }
}

/**
 * Why the rows are not there at all; null if they are. Simulated ones are made where there are none: on a server that several share, a run
 * may be another home's.
 */
async function goneData(
  rooms: LifecycleRooms,
  subject: RunSubject,
  record: TrainingRecord,
  watch: Watch,
): Promise<Change | null> {
  const { project, warehouse } = rooms
  const { raw } = tablesOf(project, subject)
  const canMake = record.origin === 'simulated' && project.simulate !== null
  const table = (await warehouse.describe(raw)) ?? (canMake ? await ensureRawTable(rooms, subject.size, watch) : null)
  if (table === null) return { of: 'prevents', what: 'data', text: `there is no table ${raw} in this home` }
  const { many } = project.row
  if (table.origin !== record.origin)
    return {
      of: 'prevents',
      what: 'data',
      text: `${raw} holds ${table.origin} ${many} now, and it learnt ${record.origin} ones`,
    }
  const months = monthsOf(learntWindow(record))
  if (!table.partitions.some(({ month, rows }) => rows > 0 && months.includes(month)))
    return { of: 'prevents', what: 'data', text: `${raw} has no ${many} of the months that it learnt any more` }
  return null
}

/** What is shown while it learns. */
const TASK = 'train again'

async function trainAgain(
  rooms: LifecycleRooms,
  record: TrainingRecord,
  warmStart: Uint8Array | null,
  { signal, onEvent, log }: Watch & { readonly signal: AbortSignal },
): Promise<TrainingResult> {
  const { threads: _, ...request } = record.request // as many as there are now: the model is the same for any number
  const again = {
    ...request,
    // All that were in force, whatever the project's are today; one that came since has the value with which a trainer is as before.
    settings: { ...trainerNamed(record.request.trainer).defaults, ...settingsOf(record) },
    warmStart: warmStart === null ? null : Buffer.from(warmStart).toString('base64'),
  } as TrainingRequest // it was one when it was recorded; what the schema does not name came from there too
  const flowRunId = record.request.metadata['understudy.run_id'] ?? ''
  const startedAt = performance.now()
  const say = (text: string): void => onEvent?.({ kind: 'task-progress', flowRunId, task: TASK, text })
  const progress = openTrainingProgress(
    { trainer: again.trainer, metric: rooms.project.metric.name },
    () => performance.now(),
    say,
  )
  onEvent?.({ kind: 'task-started', flowRunId, task: TASK, attempt: 1 })
  try {
    const result = await rooms.runTraining(again, { signal, ...progress, log: log ?? (() => undefined) })
    onEvent?.({
      kind: 'task-completed',
      flowRunId,
      task: TASK,
      durationMs: performance.now() - startedAt,
      replayed: false,
    })
    return result
  } catch (error) {
    onEvent?.({ kind: 'task-failed', flowRunId, task: TASK, error: '' })
    throw error
  }
}

interface Trained {
  readonly run: Run
  readonly record: TrainingRecord
  readonly subject: RunSubject
  readonly result: TrainingResult
}

async function compare(rooms: LifecycleRooms, { run, record, subject, result }: Trained, signal: AbortSignal) {
  const again = Buffer.from(result.model, 'base64')
  const digest = sha256(again)
  const distance =
    digest === record.model.sha256 ? null : await distanceTo(rooms, { runId: run.id, record, subject }, again, signal)
  const isEqual =
    distance !== null && distance.mean <= distance.allowed.mean && distance.largest <= distance.allowed.largest
  return {
    answer:
      digest === record.model.sha256 ? ('identical' as const) : isEqual ? ('equal' as const) : ('different' as const),
    sha256: { recorded: record.model.sha256, again: digest },
    distance,
    earlyStopError: { recorded: record.result.earlyStopMae, again: result.earlyStopMae },
    computedBy: { recorded: record.result.computedBy, again: result.computedBy },
    seconds: result.seconds,
  }
}

/** What a change is called that lies in the instructions of a machine alone. */
export const COMPUTED_BY = 'computed by'

function computedOtherwise({ result: then }: TrainingRecord, now: TrainingResult): Change[] {
  if (then.computedBy === now.computedBy) return []
  return [{ of: 'means', what: COMPUTED_BY, text: `${then.computedBy} then, ${now.computedBy} now` }]
}
