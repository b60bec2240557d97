// A month as a person asks for it: the first model if there is none, then the cycle, each once however often it is asked for.
import { z } from 'zod'
import { describeDifference } from '../flow/journal-text.ts'
import type { Flow, FlowRun } from '../flow/port.ts'
import { isPlanned, PlannedError } from '../kernel/errors.ts'
import { digestOf, type Json } from '../kernel/json.ts'
import { readRoster, standingOf } from './champion.ts'
import { cycle } from './cycle.ts'
import { cycleKey } from './cycle-key.ts'
import { firstModel, HISTORY_SPLIT } from './first-model.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import { pastOutcomes, unfinishedMove } from './past-cycles.ts'
import { fingerprintOf } from './preprocess.ts'
import { tablesOf } from './project.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import type { CycleInput, FirstModelInput, LifecycleRooms } from './rooms.ts'

export interface CycleRequest extends Omit<CycleInput, 'store' | 'origin'> {
  /** Whether the first model goes to Production by itself. */
  readonly acceptFirst: boolean
}

export interface CycleResult {
  /** What this call did for the first model; null if there was one. */
  readonly first: FirstModelOutcome | null
  /** The month; null if the first model waits for a person. */
  readonly cycle: CycleOutcome | null
  /** If the month had been decided before, and nothing was done now: how it was asked for then, where that differs (or ''). */
  readonly decidedBefore: string | null
}

/** Runs one month. At most one runs per model at a time: `CONFLICT` says who does. */
export async function runCycle(rooms: LifecycleRooms, request: CycleRequest, watch: Watch): Promise<CycleResult> {
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const { acceptFirst, ...asked } = request
  const input: CycleInput = { ...asked, store: rooms.store, origin }
  if (input.challenger !== null) await rooms.tracking.version(input.model, input.challenger) // before anything is paid for
  const finished = await finishStopped(rooms, await unfinishedMove(rooms, input), cycle, watch)
  const raw = await fingerprintOf(rooms.warehouse, tablesOf(rooms.project, input).raw, input)
  const earlier = await decidedBefore(rooms, input, raw)
  if (earlier !== null && !input.again) {
    const isJustFinished = earlier.cycle?.runId === finished?.runId && earlier.decidedBefore === ''
    return { first: null, cycle: earlier.cycle, decidedBefore: isJustFinished ? null : earlier.decidedBefore }
  }
  const first = await runFirstModel(rooms, input, acceptFirst, watch)
  if (first?.verdict === 'escalate') return { first, cycle: null, decidedBefore: null }
  const effective = { ...input, again: input.again && earlier !== null } // the first look is no further one, whatever it is called
  const outcome = await runOnce(rooms, effective, raw, watch)
  // A run that was begun before others moved stages ends by saying so; then the month is judged as things are now.
  const final = outcome.case === 'overtaken' ? await runOnce(rooms, effective, raw, watch) : outcome
  return { first, cycle: final, decidedBefore: null }
}

/** One cycle, training or change of stages per model at a time. */
export function lockOf(model: string): string {
  return `model/${model}`
}

async function runOnce(rooms: LifecycleRooms, input: CycleInput, raw: string, watch: Watch): Promise<CycleOutcome> {
  const options = { key: cycleKey(input, raw), lock: lockOf(input.model), whenCompleted: 'anew', ...watch } as const
  return (await rooms.engine.run(cycle, rooms, input, options)).output
}

/**
 * Finishes a run that was stopped when its effects had begun: with its own input, whatever is set by now. One that cannot be finished (by
 * this version, or at all) stands in nobody's way: what it did is in the history.
 */
async function finishStopped<Input extends Json, Output extends Json>(
  rooms: LifecycleRooms,
  run: FlowRun | null,
  flow: Flow<LifecycleRooms, Input, Output>,
  watch: Watch,
): Promise<Output | null> {
  if (run === null || run.version !== flow.version) return null
  const input = flow.input.parse(run.input)
  const { model } = z.object({ model: z.string() }).parse(input)
  try {
    return (await rooms.engine.run(flow, rooms, input, { key: run.key, lock: lockOf(model), ...watch })).output
  } catch (error) {
    const isHeld = isPlanned(error, 'CONFLICT') && 'pid' in error.facts // somebody is at work on this model
    if (isHeld || isPlanned(error, 'CANCELLED')) throw error
    return null
  }
}

/** A first model that was trained and stopped before it was accepted. */
async function unfinishedFirst(rooms: LifecycleRooms, prefix: string): Promise<FlowRun | null> {
  const runs = await rooms.engine.flowRuns({ flow: 'first_model' })
  for (const run of runs.filter(
    ({ key, status }) => key.startsWith(prefix) && status !== 'completed' && status !== 'running',
  )) {
    const tasks = await rooms.engine.taskRuns(run.id)
    if (tasks.some(({ name, status }) => name === 'train_first_model' && status === 'completed')) return run
  }
  return null
}

async function runFirstModel(
  rooms: LifecycleRooms,
  input: CycleInput,
  accept: boolean,
  watch: Watch,
): Promise<FirstModelOutcome | null> {
  const prefix = `${input.store}/${input.model}/${input.origin}/`
  const finished = await finishStopped(rooms, await unfinishedFirst(rooms, prefix), firstModel, watch)
  const standing = standingOf(await readRoster(rooms.tracking, input.model), input.origin, input.fromMs)
  // Somebody may have answered for a first model that waited: then there is a champion, whatever was asked for when it was trained.
  if (standing.kind !== 'never') return finished?.verdict === 'promote' ? finished : null
  if (finished !== null) return finished
  if (input.challenger !== null && input.challenger === standing.waiting?.version) {
    const what = `v${input.challenger} of ${input.model} waits to become the first model, so it cannot be the challenger`
    throw new PlannedError('BAD_INPUT', `${what}; give the command without --challenger first`)
  }
  const { store, model, experiment, size, origin, seed, trainers, timeReading, threshold, fromMs } = input
  const first: FirstModelInput = {
    ...{ store, model, experiment, size, origin, seed, trainers, timeReading, threshold, accept },
    fromMs: rooms.project.historyFromMs,
    toMs: fromMs,
    splitRatio: HISTORY_SPLIT,
    tell: input.onEscalate === 'ask',
    waiting: standing.waiting?.version ?? null,
    foreign: standing.foreign?.version ?? null,
  }
  const { output } = await rooms.engine.run(firstModel, rooms, first, {
    key: `${prefix}${digestOf({ ...first }).slice(0, 12)}`,
    lock: lockOf(model),
    whenCompleted: 'anew', // a model that has no champion although one was made lost it, and needs another
    ...watch,
  })
  return output
}

/** What came of the first look at this month; null if there was none, or if it could not tell and the rows are others now. */
async function decidedBefore(
  rooms: LifecycleRooms,
  input: CycleInput,
  raw: string,
): Promise<Pick<CycleResult, 'cycle' | 'decidedBefore'> | null> {
  const from = new Date(input.fromMs).toISOString()
  const past = (await pastOutcomes(rooms, input)).filter(
    ({ run, outcome }) => outcome.from === from && !UNDECIDED.includes(outcome.case) && !wasAgain(run.input),
  )
  const [last] = past
  if (last === undefined) return null
  const { outcome } = last
  if (outcome.challenger === null && outcome.rawFingerprint !== raw) return null
  const rows = outcome.rawFingerprint === raw ? '' : 'the rows were others'
  const settings = describeDifference(last.run.input, { ...input })
  return { cycle: outcome, decidedBefore: [rows, settings].filter((part) => part !== '').join(', ') }
}

/** Outcomes that leave a month as open as it was: stages moved on, or nothing could be compared, which can be cured. */
const UNDECIDED: readonly CycleOutcome['case'][] = ['overtaken', 'nothing-to-compare']

function wasAgain(input: Json): boolean {
  return typeof input === 'object' && input !== null && 'again' in input && input.again === true
}
