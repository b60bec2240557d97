// What every operation of the embedded adapter works with.
import type { ArtifactStore } from '../artifacts/port.ts'
import type { Database } from '../database/port.ts'
import type { Clock } from '../kernel/clock.ts'
import type { TrackingSchema } from './schema.ts'

export interface Context {
  readonly database: Database<TrackingSchema>
  readonly artifacts: ArtifactStore
  readonly clock: Clock
  /** Whom runs and versions are attributed to. */
  readonly user: string
}
