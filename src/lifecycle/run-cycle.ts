// A month as a person asks for it: the first model if there is none, then the cycle, each once however often it is asked for.
import type { Json } from '../kernel/json.ts'
import { digestOf } from '../kernel/json.ts'
import { readRoster, standingOf } from './champion.ts'
import { cycle } from './cycle.ts'
import { cycleKey, cycleKeyPrefix } from './cycle-key.ts'
import { firstModel } from './first-model.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import { fingerprintOf } from './preprocess.ts'
import { tablesOf } from './project.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import type { CycleInput, FirstModelInput, LifecycleRooms } from './rooms.ts'

/** The share of history that the first model is held against: about a month of six years. */
export const HISTORY_SPLIT = 0.02
/** The share of a month that a challenger is held against. */
export const MONTH_SPLIT = 0.2

export interface CycleRequest extends Omit<CycleInput, 'origin'> {
  /** Whether the first model goes to Production by itself. */
  readonly acceptFirst: boolean
}

export interface CycleResult {
  /** What this call did for the first model; null if there was one. */
  readonly first: FirstModelOutcome | null
  /** The month; null if the first model waits for a person. */
  readonly cycle: CycleOutcome | null
  /** Whether the month had been decided before, and nothing was done now. */
  readonly decidedBefore: boolean
}

/** Runs one month. At most one runs per model at a time: `CONFLICT` says who does. */
export async function runCycle(rooms: LifecycleRooms, request: CycleRequest, watch: Watch): Promise<CycleResult> {
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const { acceptFirst, ...asked } = request
  const input: CycleInput = { ...asked, origin }
  const earlier = await decidedBefore(rooms, input)
  if (earlier !== null && !input.again) return { first: null, cycle: earlier, decidedBefore: true }
  const first = await runFirstModel(rooms, input, acceptFirst, watch)
  if (first !== null && first.verdict === 'escalate') return { first, cycle: null, decidedBefore: false }
  const effective = { ...input, again: input.again && earlier !== null } // the first look is none, whatever it is called
  const { output } = await rooms.engine.run(cycle, rooms, effective, {
    key: cycleKey(effective),
    lock: lockOf(input.model),
    whenCompleted: 'anew',
    ...watch,
  })
  return { first, cycle: output, decidedBefore: false }
}

/** One cycle, training or change of stages per model at a time. */
export function lockOf(model: string): string {
  return `model/${model}`
}

async function runFirstModel(
  rooms: LifecycleRooms,
  input: CycleInput,
  accept: boolean,
  watch: Watch,
): Promise<FirstModelOutcome | null> {
  const standing = standingOf(await readRoster(rooms.tracking, input.model), input.origin)
  if (standing.kind !== 'never') return null
  const { model, experiment, size, origin, seed, trainers, timeReading, threshold, fromMs } = input
  const first: FirstModelInput = {
    ...{ model, experiment, size, origin, seed, trainers, timeReading, threshold, accept },
    fromMs: rooms.project.historyFromMs,
    toMs: fromMs,
    splitRatio: HISTORY_SPLIT,
    waiting: standing.waiting?.version ?? null,
  }
  const { output } = await rooms.engine.run(firstModel, rooms, first, {
    key: `${model}/${origin}/${digestOf({ ...first }).slice(0, 12)}`,
    lock: lockOf(model),
    whenCompleted: 'anew', // a model that has no champion although one was made lost it, and needs another
    ...watch,
  })
  return output
}

/** What came of the first look at this month; null if there was none, or if it could not tell and there are other rows now. */
async function decidedBefore(rooms: LifecycleRooms, input: CycleInput): Promise<CycleOutcome | null> {
  const prefix = cycleKeyPrefix(input)
  const runs = (await rooms.engine.flowRuns({ flow: 'cycle' }))
    .filter((run) => run.status === 'completed' && run.key.startsWith(prefix) && !run.key.startsWith(`${prefix}again/`))
    .sort((a, b) => b.startedAtMs - a.startedAtMs)
  const outcome = runs[0] === undefined ? null : readOutcome(runs[0].output)
  if (outcome === null || outcome.case !== 'too-little-data') return outcome
  const raw = await fingerprintOf(rooms.warehouse, tablesOf(input.size, input.timeReading).raw, input)
  return raw === outcome.rawFingerprint ? outcome : null
}

/** The journal holds what this program wrote there; an outcome is known by its month. */
function readOutcome(output: Json): CycleOutcome | null {
  return typeof output === 'object' && output !== null && 'month' in output ? (output as CycleOutcome) : null
}
