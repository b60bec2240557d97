// MLflow's store, whole: what its REST interface does, on MLflow's own SQL schema.
import type { StoreContext } from './context.ts'
import { experimentOperations } from './experiments.ts'
import { runOperations } from './runs.ts'

export type MlflowStore = ReturnType<typeof openMlflowStore>

/** The operations over a database that is open. Each throws `MlflowError` for what MLflow refuses. */
export function openMlflowStore(context: StoreContext) {
  return {
    ...experimentOperations(context),
    ...runOperations(context),
  }
}
