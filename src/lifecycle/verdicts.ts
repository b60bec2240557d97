// Everything that was decided for a model, whatever rows, settings or experiment it was decided with.
import type { FlowRun } from '../flow/port.ts'
import { isPlanned } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { ModelVersion, Run } from '../tracking/port.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import { runsOf } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'

type Rooms = Pick<LifecycleRooms, 'store' | 'engine' | 'tracking'>

/** A month's outcome, and when it was reached. */
export interface Judged {
  readonly outcome: CycleOutcome
  readonly decidedAtMs: number
}

/** The first model's outcome, when it was reached, and the month it was made for. */
export interface FirstJudged {
  readonly outcome: FirstModelOutcome
  readonly decidedAtMs: number
}

/** The journal's runs of this store, of every model; newest first. */
export async function journalOf({ engine, store }: Pick<Rooms, 'engine' | 'store'>): Promise<readonly FlowRun[]> {
  return (await engine.flowRuns())
    .filter((run) => run.key.startsWith(`${store}/`))
    .sort((a, b) => b.startedAtMs - a.startedAtMs)
}

/** The model that a run of the journal works for; null for a run that works for none. */
export function modelOf(run: FlowRun): string | null {
  const { input } = run
  return isObject(input) && typeof input.model === 'string' ? input.model : null
}

/** Experiments that a model's runs were ever filed under: those the journal names, and those of its versions. */
export async function experimentsOf(
  { tracking }: Pick<Rooms, 'tracking'>,
  journal: readonly FlowRun[],
  versions: readonly ModelVersion[],
): Promise<readonly string[]> {
  const names = new Set(
    journal.flatMap(({ input }) => (isObject(input) && typeof input.experiment === 'string' ? input.experiment : [])),
  )
  const named = await Promise.all([...names].map((name) => tracking.findExperiment(name)))
  const [newest] = versions.filter(({ runId }) => runId !== null)
  const ids = new Set(named.flatMap((experiment) => experiment?.id ?? []))
  if (newest?.runId != null) {
    const run = await runOrNull(tracking, newest.runId)
    if (run !== null) ids.add(run.experimentId)
  }
  return [...ids]
}

/**
 * Every month's outcome of a model, newest first: from the journal, and from the evidence in tracking where the journal has none of
 * it (a journal that was lost or left behind takes no verdict with it).
 */
export async function verdictsOf(
  rooms: Pick<Rooms, 'tracking'>,
  model: string,
  journal: readonly FlowRun[],
  experiments: readonly string[],
): Promise<readonly Judged[]> {
  const known = journal.flatMap((run): Judged[] => {
    if (run.flow !== 'cycle' || run.status !== 'completed' || !isCycleOutcome(run.output)) return []
    return [{ outcome: run.output, decidedAtMs: run.endedAtMs ?? run.startedAtMs }]
  })
  const seen = new Set(known.map(({ outcome }) => outcome.runId))
  const others = (await Promise.all(experiments.map((id) => runsOf(rooms.tracking, id, 'cycle', model))))
    .flat()
    .filter((run) => run.status === 'FINISHED' && !seen.has(run.id))
  const kept = await Promise.all(others.map((run) => keptOutcome(rooms, run)))
  return [...known, ...kept.flat()].sort((a, b) => b.decidedAtMs - a.decidedAtMs)
}

/** What became of each first model, newest first. */
export function firstModelsOf(journal: readonly FlowRun[]): readonly FirstJudged[] {
  return journal.flatMap((run): FirstJudged[] => {
    if (run.flow !== 'first_model' || run.status !== 'completed' || !isFirstOutcome(run.output)) return []
    return [{ outcome: run.output, decidedAtMs: run.endedAtMs ?? run.startedAtMs }]
  })
}

async function keptOutcome({ tracking }: Pick<Rooms, 'tracking'>, run: Run): Promise<Judged[]> {
  try {
    const outcome: unknown = JSON.parse(Buffer.from(await tracking.readArtifact(run.id, 'verdict.json')).toString())
    return isCycleOutcome(outcome) ? [{ outcome, decidedAtMs: run.endedAtMs ?? run.startedAtMs }] : []
  } catch (error) {
    if (isPlanned(error) || error instanceof SyntaxError) return [] // a run whose evidence is gone or damaged has nothing to say
    throw error
  }
}

async function runOrNull(tracking: Rooms['tracking'], runId: string): Promise<Run | null> {
  try {
    return await tracking.run(runId)
  } catch (error) {
    if (isPlanned(error, 'NOT_FOUND')) return null
    throw error
  }
}

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Journal and evidence hold what this program wrote there; an outcome is known by its month. */
function isCycleOutcome(value: unknown): value is CycleOutcome {
  return isObject(value) && typeof value.month === 'string' && typeof value.verdict === 'string'
}

function isFirstOutcome(value: unknown): value is FirstModelOutcome {
  return isObject(value) && typeof value.version === 'number' && typeof value.verdict === 'string'
}
