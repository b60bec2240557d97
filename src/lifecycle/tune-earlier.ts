// Trials of an earlier search that was the same but for its bounds: a longer one goes on with them.
import { canonicalJson } from '../kernel/json.ts'
import type { Point } from '../learning/search/space.ts'
import type { Run } from '../tracking/port.ts'
import { runsOf } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import { type EarlierSearch, type Ground, TRIAL, type TrialOutcome, TuneInput } from './tune-input.ts'
import { searchBasis, searchKey } from './tune-key.ts'

/**
 * The search by hand that has the most trials among those that were asked for the same on the same rows, by the same program, but for their
 * number or time; null if there is none, or somebody removed its run. Trials that only the time stopped are left out.
 */
export async function findEarlier(rooms: LifecycleRooms, input: TuneInput): Promise<EarlierSearch | null> {
  if (input.parentRunId !== null) return null // a month's search is made once
  const { engine } = rooms
  const basis = await searchBasis(rooms, input)
  const own = await ownSearches(rooms, input)
  const asked = canonicalJson(unbounded(input))
  let found: EarlierSearch | null = null
  for (const run of await engine.flowRuns({ flow: 'tune' })) {
    const { data: other } = TuneInput.safeParse(run.input)
    if (other === undefined || canonicalJson(unbounded(other)) !== asked || searchKey(other, basis) !== run.key)
      continue
    const search = await trialsOf(rooms, run.id)
    const trials = search.trials.filter(({ state }) => state !== 'stopped')
    if (search.ground === null || trials.length <= (found?.trials.length ?? 0)) continue
    if (own.has(search.ground.runId)) found = { runId: search.ground.runId, trials }
  }
  return found
}

function unbounded({ trials: _, timeMs: __, ...input }: TuneInput): Omit<TuneInput, 'trials' | 'timeMs'> {
  return input
}

/** What a search has journalled so far: its ground, and the trials that have ended, in their order. */
export async function trialsOf(
  { engine }: LifecycleRooms,
  flowRunId: string,
): Promise<{ readonly ground: Ground | null; readonly trials: TrialOutcome[] }> {
  const ended = (await engine.taskRuns(flowRunId)).filter(({ status }) => status === 'completed')
  const ground = ended.find(({ name }) => name === 'find_folds')
  const trials = ended
    .filter(({ name }) => TRIAL.test(name))
    .map(({ output }) => output as TrialOutcome) // journalled by `runTrial`, or taken over from one that was
    .sort((a, b) => a.number - b.number)
  return { ground: ground === undefined ? null : (ground.output as Ground), trials } // journalled by `findFolds`
}

/** The ids of the model's searches that were made by this very program, and that nobody has removed. */
async function ownSearches({ tracking, provenance }: LifecycleRooms, input: TuneInput): Promise<ReadonlySet<string>> {
  const experiment = await tracking.findExperiment(input.experiment)
  if (experiment === null) return new Set()
  const runs = await runsOf(tracking, experiment.id, 'tune', input.model)
  const isOwn = (run: Run): boolean => run.tags['understudy.code_digest'] === provenance.codeDigest
  return new Set(runs.filter(isOwn).map(({ id }) => id))
}

/**
 * What an earlier search's trial of a number came to, where a new one would come to the same: it would be of the same settings, and held to
 * the same bars, as all that both go by came to the same. Null otherwise.
 *
 * @param ended  the trials that the new one goes by, in their order
 */
export function sameTrial(
  earlier: EarlierSearch | undefined,
  {
    number,
    settings,
    ended,
  }: { readonly number: number; readonly settings: Point; readonly ended: readonly TrialOutcome[] },
): TrialOutcome | null {
  const known = new Map(earlier?.trials.map((trial) => [trial.number, trial]))
  const before = known.get(number)
  if (before === undefined || canonicalJson(before.settings) !== canonicalJson(settings)) return null
  return ended.every((trial) => isSame(trial, known.get(trial.number))) ? before : null
}

function isSame(trial: TrialOutcome, other: TrialOutcome | undefined): boolean {
  if (other === undefined) return false
  const essence = ({ settings, state, errors }: TrialOutcome): string => canonicalJson({ settings, state, errors })
  return essence(trial) === essence(other)
}
