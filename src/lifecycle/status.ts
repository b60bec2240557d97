// How every model of a state directory stands: who serves, what was decided last, what waits for a person, what comes next.
// Nothing is kept for it: all of it is read from the registry, the journal and the evidence when it is asked for.
import type { FlowRun } from '../flow/port.ts'
import { dayText, monthOf, monthWindow, type TimeWindow } from '../kernel/window.ts'
import type { ModelVersion, Transition } from '../tracking/port.ts'
import { readRoster, TAG } from './champion.ts'
import { type DecisionView, decisionsOf } from './decisions.ts'
import { windowText } from './recording.ts'
import { reignsOf } from './reign.ts'
import { isReplay } from './replay.ts'
import type { LifecycleRooms } from './rooms.ts'
import {
  experimentsOf,
  type FirstJudged,
  firstModelsOf,
  type Judged,
  journalOf,
  modelOf,
  verdictsOf,
} from './verdicts.ts'

export type ModelStatus = {
  readonly model: string
  /** Unit of the errors; null where nothing was measured yet. */
  readonly unit: string | null
  readonly champion: {
    readonly version: number
    /** When it took the stage, and who put it there; null where the history does not say. */
    readonly sinceMs: number | null
    readonly by: string | null
    /** End of the rows it learnt, ISO; null where it does not say. */
    readonly trainedTo: string | null
    readonly origin: string | null
  } | null
  /** The last verdict that counted; `month` null for the first model's. */
  readonly last: {
    readonly month: string | null
    readonly verdict: 'promote' | 'keep' | 'escalate'
    readonly case: string
    readonly atMs: number
  } | null
  /** The champion's own, on the last whole month it was measured on, or on its holdout where there is none: `month` null. */
  readonly error: {
    readonly month: string | null
    readonly version: number
    readonly value: number
    /** As it was at the last verdict; null before any. */
    readonly threshold: number | null
    readonly isOver: boolean
  } | null
  readonly waits: readonly Waiting[]
  /** What is at work on the model right now. */
  readonly working: { readonly flow: string; readonly month: string | null; readonly sinceMs: number } | null
  /** What was begun last and did not come to its end; the same command goes on with it. */
  readonly stopped: {
    readonly flow: string
    readonly month: string | null
    readonly atMs: number
    /** What it failed of; null if somebody stopped it. */
    readonly error: string | null
    /** A further look at a month that was decided: by whom it was asked for, `again` or the number of a decision. */
    readonly further: 'again' | number | null
  } | null
  /** The month after the last decided one, or the one that was stopped; a month without rows was not decided. Null before anything was begun. */
  readonly next: string | null
}

/** A question that only a person can answer; oldest first. */
type Waiting = Pick<DecisionView, 'kind' | 'version' | 'month' | 'askedAtMs'> & { readonly decision: number }

/**
 * Every model there is, by name; those of replays are left out, as nobody decides for them. Where tracking is shared with others, only
 * models of `own` and those that something was run for.
 */
export async function modelStatuses(
  rooms: LifecycleRooms,
  own: readonly string[] = [],
): Promise<readonly ModelStatus[]> {
  const waiting = await decisionsOf(rooms)
  const journal = (await journalOf(rooms)).filter((run) => modelOf(run) !== null)
  const kept = await rooms.tracking.models()
  const ours = rooms.isTrackingShared === true ? kept.filter((name) => own.includes(name)) : kept
  const names = new Set([...ours, ...journal.flatMap((run) => modelOf(run) ?? [])])
  const models = [...names].filter((name) => !isReplay(name)).sort()
  return await Promise.all(
    models.map((model) =>
      statusOf(rooms, model, {
        journal: journal.filter((run) => modelOf(run) === model),
        waiting: waiting.filter((decision) => decision.model === model),
      }),
    ),
  )
}

interface Own {
  readonly journal: readonly FlowRun[]
  readonly waiting: readonly DecisionView[]
}

async function statusOf(rooms: LifecycleRooms, model: string, { journal, waiting }: Own): Promise<ModelStatus> {
  const { versions, history } = await readRoster(rooms.tracking, model)
  const experiments = await experimentsOf(rooms, journal, versions)
  const verdicts = await verdictsOf(rooms, model, journal, experiments)
  const firsts = firstModelsOf(journal)
  const decided = verdicts.filter(({ outcome }) => outcome.applied)
  const stopped = stoppedRun(journal)
  return {
    model,
    unit: verdicts[0]?.outcome.metric.unit ?? firsts[0]?.outcome.metric.unit ?? null,
    champion: championOf(versions, history),
    last: lastVerdict(decided[0], firsts[0]),
    error: lastError(versions, decided, firsts[0]),
    waits: waiting
      .map(({ id, kind, version, month, askedAtMs }) => ({ decision: id, kind, version, month, askedAtMs }))
      .toReversed(),
    working: workingRun(journal),
    stopped,
    next: (stopped?.further === null ? stopped.month : null) ?? nextMonth(decided, journal),
  }
}

/** Whether an error is not good enough: the gate asks for less than the threshold. */
export function isOver(error: number, threshold: number): boolean {
  return !(error < threshold)
}

function championOf(versions: readonly ModelVersion[], history: readonly Transition[]): ModelStatus['champion'] {
  const serving = versions.find(({ stage }) => stage === 'Production')
  if (serving === undefined) return null
  const reign = reignsOf(history).findLast(({ version, toMs }) => version === serving.version && toMs === null)
  return {
    version: serving.version,
    sinceMs: reign?.fromMs ?? null,
    by: reign?.began.actor ?? null,
    trainedTo: serving.tags[TAG.trainedTo] ?? null,
    origin: serving.tags[TAG.origin] ?? null,
  }
}

function lastVerdict(judged: Judged | undefined, first: FirstJudged | undefined): ModelStatus['last'] {
  if (judged !== undefined && (first === undefined || judged.decidedAtMs >= first.decidedAtMs)) {
    const { month, verdict, case: why } = judged.outcome
    return { month, verdict, case: why, atMs: judged.decidedAtMs }
  }
  return first === undefined
    ? null
    : { month: null, verdict: first.outcome.verdict, case: 'first-model', atMs: first.decidedAtMs }
}

function lastError(
  versions: readonly ModelVersion[],
  decided: readonly Judged[],
  first: FirstJudged | undefined,
): ModelStatus['error'] {
  const serving = versions.find(({ stage }) => stage === 'Production')
  if (serving === undefined) return null
  const error = (month: string | null, value: number, threshold: number | null) => ({
    month,
    version: serving.version,
    value,
    threshold,
    isOver: threshold !== null && isOver(value, threshold),
  })
  const months = decided.flatMap(({ outcome }) => {
    const { champion, month, to, threshold, origin } = outcome
    if (origin !== (serving.tags[TAG.origin] ?? origin)) return [] // rows of one origin say nothing about the other's
    const isOwn = champion !== null && champion.version === serving.version && champion.monthError !== null
    return isOwn ? [{ month, to, threshold, value: champion.monthError }] : []
  })
  const last = months.toSorted((a, b) => Date.parse(b.to) - Date.parse(a.to))[0] // of one month's, the newest
  if (last !== undefined) return error(last.month, last.value, last.threshold)
  const holdout = Number(serving.tags[TAG.holdoutMae] ?? Number.NaN)
  const threshold = decided[0]?.outcome.threshold ?? first?.outcome.threshold ?? null
  return Number.isNaN(holdout) ? null : error(null, holdout, threshold)
}

function workingRun(journal: readonly FlowRun[]): ModelStatus['working'] {
  const run = journal.find(({ status }) => status === 'running')
  return run === undefined ? null : { flow: run.flow, month: monthOfRun(run), sinceMs: run.startedAtMs }
}

/** The newest cycle, first model or training, if it did not come to its end and nothing is at work. */
function stoppedRun(journal: readonly FlowRun[]): ModelStatus['stopped'] {
  const [newest] = journal.filter(({ flow }) => flow === 'cycle' || flow === 'first_model' || flow === 'train')
  if (newest === undefined || newest.status === 'running' || newest.status === 'completed') return null
  const atMs = newest.endedAtMs ?? newest.startedAtMs
  const error = newest.status === 'cancelled' ? null : newest.error
  return { flow: newest.flow, month: monthOfRun(newest), atMs, error, further: furtherOf(newest) }
}

function furtherOf({ input }: FlowRun): 'again' | number | null {
  if (typeof input !== 'object' || input === null) return null
  if ('retrainOf' in input && typeof input.retrainOf === 'number') return input.retrainOf
  return 'again' in input && input.again === true ? 'again' : null
}

function nextMonth(decided: readonly Judged[], journal: readonly FlowRun[]): string | null {
  const told = decided.filter(({ outcome }) => outcome.rows > 0)
  if (told.length > 0) return monthFrom(Math.max(...told.map(({ outcome }) => Date.parse(outcome.to))))
  const first = journal.find(({ flow }) => flow === 'first_model')
  if (first !== undefined) return monthOfRun(first)
  return decided.length === 0 ? null : monthFrom(Math.min(...decided.map(({ outcome }) => Date.parse(outcome.from))))
}

/** The month that a run of the journal is about; a first model is made for the month after what it learns. */
function monthOfRun({ flow, input }: FlowRun): string | null {
  const window = windowOf(input)
  if (window === null || (flow !== 'cycle' && flow !== 'first_model')) return null
  return flow === 'cycle' ? windowText(window) : monthFrom(window.toMs)
}

/** As `--month` takes it: a month, or the day that a shifted one begins with. */
function monthFrom(fromMs: number): string {
  return monthWindow(monthOf(fromMs)).fromMs === fromMs ? monthOf(fromMs) : dayText(fromMs)
}

function windowOf(input: FlowRun['input']): TimeWindow | null {
  if (typeof input !== 'object' || input === null || !('fromMs' in input) || !('toMs' in input)) return null
  const { fromMs, toMs } = input
  return typeof fromMs === 'number' && typeof toMs === 'number' ? { fromMs, toMs } : null
}
