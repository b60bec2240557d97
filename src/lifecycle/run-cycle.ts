// A month as a person asks for it: the first model if there is none, then the cycle, each once however often it is asked for.
import { describeDifference } from '../flow/journal-text.ts'
import { PlannedError } from '../kernel/errors.ts'
import { canonicalJson, digestOf, type Json, type JsonObject } from '../kernel/json.ts'
import { readRoster, standingOf, TAG } from './champion.ts'
import { cycle } from './cycle.ts'
import { type CycleSubject, cycleKey, lockOf, subjectKey } from './cycle-key.ts'
import { firstModel, HISTORY_SPLIT } from './first-model.ts'
import { refuseOthersModel } from './model-owner.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import { pastOutcomes } from './past-cycles.ts'
import { fingerprintOf } from './preprocess.ts'
import { tablesOf } from './project.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import { finishStopped, onceBegun } from './resume.ts'
import type { CycleInput, FirstModelInput, LifecycleRooms } from './rooms.ts'
import type { TrainerSettings } from './trainer-settings.ts'

export interface CycleRequest extends Omit<CycleInput, 'store' | 'origin' | 'trainerSettings' | 'retrainOf'> {
  /** Whether the first model goes to Production by itself. */
  readonly acceptFirst: boolean
  readonly trainerSettings?: TrainerSettings
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
  await refuseOthersModel(rooms, request.model)
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const { acceptFirst, trainerSettings = {}, ...asked } = request
  const input: CycleInput = {
    ...asked,
    store: rooms.store,
    origin,
    trainerSettings: { ...trainerSettings },
    retrainOf: null,
  }
  if (input.challenger !== null) await rooms.tracking.version(input.model, input.challenger) // before anything is paid for
  const finished = await finishCycle(rooms, input, watch)
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

/** A cycle of a subject that was stopped while, or after, it moved stages is finished, whatever is set by now. */
async function finishCycle(rooms: LifecycleRooms, subject: CycleSubject, watch: Watch): Promise<CycleOutcome | null> {
  const stopped = { prefix: `${subjectKey(subject)}/`, hasBegun: onceBegun('transition_model') }
  return (await finishStopped(rooms, cycle, stopped, watch))?.output ?? null
}

/**
 * A further look at a month that a person was asked about, with other settings: it counts as a look, and may promote. Its input carries the
 * decision. One look per decision: the same one is handed over again, another is refused under the model's lock (`find_champion`).
 */
export async function runRetrain(rooms: LifecycleRooms, input: CycleInput, watch: Watch): Promise<CycleOutcome> {
  await finishCycle(rooms, input, watch)
  const done = (await pastOutcomes(rooms, input)).find(
    ({ run, outcome }) => outcome.case !== 'overtaken' && canonicalJson(run.input) === canonicalJson(input),
  )
  if (done !== undefined) return done.outcome
  const raw = await fingerprintOf(rooms.warehouse, tablesOf(rooms.project, input).raw, input)
  const outcome = await runOnce(rooms, input, raw, watch)
  return outcome.case === 'overtaken' ? await runOnce(rooms, input, raw, watch) : outcome
}

/** Another first model with other settings, for the decision in its input. */
export async function runFirstRetrain(
  rooms: LifecycleRooms,
  input: FirstModelInput,
  watch: Watch,
): Promise<FirstModelOutcome> {
  const { output } = await rooms.engine.run(firstModel, rooms, input, {
    key: firstModelKey(input),
    lock: lockOf(input.model),
    ...watch,
  })
  return output
}

async function runOnce(rooms: LifecycleRooms, input: CycleInput, raw: string, watch: Watch): Promise<CycleOutcome> {
  const options = { key: cycleKey(input, raw), lock: lockOf(input.model), whenCompleted: 'anew', ...watch } as const
  return (await rooms.engine.run(cycle, rooms, input, options)).output
}

async function runFirstModel(
  rooms: LifecycleRooms,
  input: CycleInput,
  accept: boolean,
  watch: Watch,
): Promise<FirstModelOutcome | null> {
  const finished = await finishFirstModel(rooms, input, watch)
  const standing = standingOf(await readRoster(rooms.tracking, input.model), input.origin, input.fromMs)
  // Somebody may have answered for a first model that waited: then there is a champion, whatever was asked for when it was trained.
  if (standing.kind !== 'never') return finished?.verdict === 'promote' ? finished : null
  if (finished !== null) return finished
  if (input.challenger !== null && input.challenger === standing.waiting?.version) {
    const what = `v${input.challenger} of ${input.model} waits to become the first model, so it cannot be the challenger`
    throw new PlannedError('BAD_INPUT', what, { next: 'give the command without --challenger first' })
  }
  const { store, model, experiment, size, origin, seed, trainers, timeReading, threshold, trainerSettings, fromMs } =
    input
  const first: FirstModelInput = {
    ...{ store, model, experiment, size, origin, seed, trainers, timeReading, threshold, trainerSettings, accept },
    fromMs: rooms.project.historyFromMs,
    toMs: fromMs,
    splitRatio: HISTORY_SPLIT,
    tell: input.onEscalate === 'ask',
    waiting: standing.waiting?.version ?? null,
    foreign: standing.foreign?.version ?? null,
    retrainOf: null,
  }
  const { output } = await rooms.engine.run(firstModel, rooms, first, {
    key: firstModelKey(first),
    lock: lockOf(model),
    whenCompleted: 'anew', // a model that has no champion although one was made lost it, and needs another
    ...watch,
  })
  return output
}

/** A first model that was stopped when its version was registered, or while it was accepted, is finished first. */
async function finishFirstModel(
  rooms: LifecycleRooms,
  input: CycleInput,
  watch: Watch,
): Promise<FirstModelOutcome | null> {
  const versions = await rooms.tracking.versions(input.model)
  const registeredBy = new Set(versions.map(({ tags }) => tags[TAG.effect]))
  const hasBegun: ReturnType<typeof onceBegun> = (run, tasks) =>
    registeredBy.has(`${run.id}/train_first_model`) || onceBegun('accept_first_model')(run, tasks)
  return (await finishStopped(rooms, firstModel, { prefix: firstModelPrefix(input), hasBegun }, watch))?.output ?? null
}

function firstModelPrefix({ store, model, origin }: Pick<CycleInput, 'store' | 'model' | 'origin'>): string {
  return `${store}/${model}/${origin}/`
}

function firstModelKey(input: FirstModelInput): string {
  return `${firstModelPrefix(input)}${digestOf({ ...input }).slice(0, 12)}`
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
  const settings = describeDifference(askedFor(last.run.input, last), askedFor({ ...input }, last))
  return { cycle: outcome, decidedBefore: [rows, settings].filter((part) => part !== '').join(', ') }
}

/** What a person asks for of a month: not which decision asked for it, nor which settings it named. */
function askedFor(input: Json, { outcome }: { readonly outcome: CycleOutcome }): Json {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return input
  const { retrainOf: _, again: __, trainerSettings = {}, ...asked } = input as JsonObject
  return (outcome.retrainOf ?? null) === null ? { ...asked, trainerSettings } : asked
}

/** Outcomes that leave a month as open as it was: stages moved on, or nothing could be compared, which can be cured. */
const UNDECIDED: readonly CycleOutcome['case'][] = ['overtaken', 'nothing-to-compare']

function wasAgain(input: Json): boolean {
  return typeof input === 'object' && input !== null && 'again' in input && input.again === true
}
