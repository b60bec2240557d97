// A month as a person asks for it: the first model if there is none, then the cycle, each once however often it is asked for.
import { describeDifference } from '../flow/journal-text.ts'
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
import { CycleInput, type FirstModelInput, type LifecycleRooms } from './rooms.ts'

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
  await finishMove(rooms, input, watch)
  const raw = await fingerprintOf(rooms.warehouse, tablesOf(input.size, input.timeReading).raw, input)
  const earlier = await decidedBefore(rooms, input, raw)
  if (earlier !== null && !input.again) return { first: null, ...earlier }
  const first = await runFirstModel(rooms, input, acceptFirst, watch)
  if (first?.verdict === 'escalate') return { first, cycle: null, decidedBefore: null }
  const outcome = await runOnce(rooms, input, raw, watch)
  // A run that was begun before others moved stages ends by saying so; then the month is judged as things are now.
  const final = outcome.case === 'overtaken' ? await runOnce(rooms, input, raw, watch) : outcome
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

/** Finishes a cycle that was stopped after it had moved stages: with its own settings, whatever is set by now. */
async function finishMove(rooms: LifecycleRooms, input: CycleInput, watch: Watch): Promise<void> {
  const run = await unfinishedMove(rooms, input)
  if (run === null || run.version !== cycle.version) return
  await rooms.engine.run(cycle, rooms, CycleInput.parse(run.input), {
    key: run.key,
    lock: lockOf(input.model),
    ...watch,
  })
}

async function runFirstModel(
  rooms: LifecycleRooms,
  input: CycleInput,
  accept: boolean,
  watch: Watch,
): Promise<FirstModelOutcome | null> {
  const standing = standingOf(await readRoster(rooms.tracking, input.model), input.origin, input.fromMs)
  if (standing.kind !== 'never') return null
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
    key: `${store}/${model}/${origin}/${digestOf({ ...first }).slice(0, 12)}`,
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
    ({ run, outcome }) => outcome.from === from && outcome.case !== 'overtaken' && !wasAgain(run.input),
  )
  const [last] = past
  if (last === undefined) return null
  const { outcome } = last
  if (outcome.challenger === null && outcome.rawFingerprint !== raw) return null
  const rows = outcome.rawFingerprint === raw ? '' : 'the rows were others'
  const settings = describeDifference(last.run.input, { ...input })
  return { cycle: outcome, decidedBefore: [rows, settings].filter((part) => part !== '').join(', ') }
}

function wasAgain(input: Json): boolean {
  return typeof input === 'object' && input !== null && 'again' in input && input.again === true
}
