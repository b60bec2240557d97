// What every operation of MLflow's store works with.
import type { ArtifactStore } from '../artifacts/port.ts'
import type { Database } from '../database/port.ts'
import type { Clock } from '../kernel/clock.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import type { Addresses } from './addresses.ts'

export interface StoreContext {
  readonly database: Database<TrackingSchema>
  /** The artifacts that the server hands out and takes in. */
  readonly artifacts: ArtifactStore
  readonly addresses: Addresses
  readonly clock: Clock
  /** Whether values of parameters and tags that are too long are cut, which is so unless told otherwise, or refused. */
  readonly cutsLongValues?: boolean
}
