// What the contract suites of tracking share: the adapter under test with its surroundings, and the pieces every law starts from.
import type { Clock } from '../kernel/clock.ts'
import type { Cause, DatasetInput, Metric, ModelVersion, Run, Stage, Tracking } from './port.ts'

/** A clock that stands still until it is told. */
export interface TestClock extends Clock {
  advance(ms: number): void
}

/** An adapter over an empty store, opened for the user "tester", with what a test needs around it. */
export interface TrackingBed {
  readonly tracking: Tracking
  readonly clock: TestClock
  /** What a version made at the clock's noon is said to have been made at: a number, or a matcher where the store has a clock of its own. */
  readonly madeAtMs: unknown
  /** A second adapter on the same store, as another process would open it. */
  openAgain(): Promise<Tracking>
  /** Changes a version's stage as the real MLflow would: behind the adapter's back. */
  moveOutside(name: string, version: number, to: Stage): Promise<void>
  /** Gives a version an alias as the real MLflow would. */
  aliasOutside(name: string, alias: string, version: number): Promise<void>
  /** Deletes a version as the real MLflow would. */
  deleteOutside(name: string, version: number): Promise<void>
  /** Deletes a model with all its versions as the real MLflow would. */
  deleteModelOutside(name: string): Promise<void>
}

export type OpenBed = () => Promise<TrackingBed>

export const NOON_MS = Date.UTC(2015, 0, 31, 12)
export const MODEL = 'taxifare'
export const MODEL_BYTES = Uint8Array.of(8, 7, 0, 255)
export const CAUSE: Cause = { actor: 'anna', reason: 'better on these rides', evidence: { difference: -0.3, rows: 17 } }

export const INPUT: DatasetInput = {
  name: 'rides 2015-01',
  digest: 'a1b2',
  context: 'train',
  sourceType: 'local',
  source: { table: 'raw_200k', window: ['2015-01', '2015-02'] },
  schema: { columns: ['fare'] },
  profile: { rows: 17_000 },
}

/** A point of the metric "mae". */
export function point(value: number, step: number, timestampMs: number): Metric {
  return { key: 'mae', value, step, timestampMs }
}

export function testClock(): TestClock {
  let nowMs = NOON_MS
  return {
    nowMs: () => nowMs,
    advance(ms) {
      nowMs += ms
    },
  }
}

/** A run in the experiment "taxi". */
export async function startedRun(tracking: Tracking, name = 'train'): Promise<Run> {
  const { id: experimentId } = await tracking.experiment('taxi')
  return tracking.startRun({ experimentId, name })
}

/** A run with a model's file, and that many versions registered from it. */
export async function registered(tracking: Tracking, count = 1): Promise<ModelVersion[]> {
  const run = await startedRun(tracking)
  await tracking.logArtifact(run.id, 'model/model.onnx', MODEL_BYTES)
  const versions: ModelVersion[] = []
  for (let i = 0; i < count; i++)
    versions.push(await tracking.registerVersion({ name: MODEL, runId: run.id, path: 'model' }))
  return versions
}

/** Each version's stage, oldest first: ['Archived', 'Production']. */
export async function stagesOf(tracking: Tracking): Promise<Stage[]> {
  return (await tracking.versions(MODEL)).map((version) => version.stage).reverse()
}
