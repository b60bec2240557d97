// MLflow's store, whole: what its REST interface does, on MLflow's own SQL schema.
import { aliasOperations } from './aliases.ts'
import { artifactOperations } from './artifacts.ts'
import type { StoreContext } from './context.ts'
import { experimentOperations } from './experiments.ts'
import { loggedModelOperations, loggedModelValueOperations } from './logged-models.ts'
import { metricHistoryOperations } from './metric-history.ts'
import { modelHistoryOperations } from './model-history.ts'
import { modelVersionOperations } from './model-versions.ts'
import { registeredModelOperations } from './registered-models.ts'
import { registryTagOperations } from './registry-tags.ts'
import { runInputOperations } from './run-inputs.ts'
import { runValueOperations } from './run-values.ts'
import { runOperations } from './runs.ts'
import { searchOperations } from './search.ts'
import { stageOperations } from './version-stages.ts'

export type MlflowStore = ReturnType<typeof openMlflowStore>

/** The operations over a database that is open. Each throws `MlflowError` for what MLflow refuses. */
export function openMlflowStore(context: StoreContext) {
  return {
    ...experimentOperations(context),
    ...runOperations(context),
    ...runValueOperations(context),
    ...runInputOperations(context),
    ...modelHistoryOperations(context),
    ...metricHistoryOperations(context),
    ...searchOperations(context),
    ...registeredModelOperations(context),
    ...modelVersionOperations(context),
    ...stageOperations(context),
    ...registryTagOperations(context),
    ...aliasOperations(context),
    ...loggedModelOperations(context),
    ...loggedModelValueOperations(context),
    ...artifactOperations(context),
  }
}
