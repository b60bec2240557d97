// Tracking in one SQLite file, with MLflow's own tables: the real MLflow opens it beside us.
import type { ArtifactStore } from '../artifacts/port.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Context } from './context.ts'
import { experimentOperations } from './experiments.ts'
import { checkHistory, readHistory } from './history.ts'
import { moveOperations } from './moves.ts'
import { openStore } from './open-store.ts'
import type { HistoryCheck, Tracking } from './port.ts'
import { registryOperations } from './registry.ts'
import { runReading, runWriting } from './runs.ts'

export interface EmbeddedTrackingOptions {
  /** The SQLite file, usually `mlflow.db`; made if absent. */
  readonly databasePath: string
  readonly artifacts: ArtifactStore
  readonly clock: Clock
  /** Only looks: the file must be there, and writing is `BAD_INPUT`. */
  readonly readOnly?: boolean
  /** Whom runs and versions are attributed to. */
  readonly user: string
}

/** Tracking whose history can be checked for edits. */
export interface EmbeddedTracking extends Tracking {
  /** Recomputes the seals of the whole history, all models together. */
  verifyHistory(): Promise<HistoryCheck>
}

/**
 * Opens the tracking store in a file, for any number of processes at once.
 *
 * Throws  `BAD_DATA` for a damaged file or another program's; `CONFLICT` for a schema this build does not know;
 *         `BAD_INPUT` for a place that cannot be written; `UNAVAILABLE` if others hold the file for 20 s.
 */
export async function openEmbeddedTracking(options: EmbeddedTrackingOptions): Promise<EmbeddedTracking> {
  const { databasePath, artifacts, clock, user, readOnly = false } = options
  const beginning = { nowMs: clock.nowMs(), defaultLocation: artifacts.uri('0') }
  const database = await openStore(databasePath, beginning, { readOnly })
  const tracking = trackingOver({ database, artifacts, clock, user })
  return { ...tracking, [Symbol.asyncDispose]: () => database[Symbol.asyncDispose]() }
}

/** Tracking over a store that is open, and stays so: whoever opened it closes it. One process needs one connection that writes. */
export function trackingOver(context: Context): EmbeddedTracking {
  const { database } = context
  return {
    ...experimentOperations(context),
    ...runWriting(context),
    ...runReading(context),
    ...registryOperations(context),
    ...moveOperations(context),
    history: (name) => readHistory(database.sql, name),
    verifyHistory: () => checkHistory(database.sql),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}
