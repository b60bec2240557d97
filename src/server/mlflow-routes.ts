// Every route of MLflow's REST interface that is served here.
import type { MlflowRoute } from './mlflow-route.ts'
import { ARTIFACT_ROUTES } from './routes-artifacts.ts'
import { EXPERIMENT_ROUTES } from './routes-experiments.ts'
import { LOGGED_MODEL_ROUTES } from './routes-logged-models.ts'
import { METRIC_ROUTES } from './routes-metrics.ts'
import { REGISTRY_ROUTES } from './routes-registry.ts'
import { RUN_VALUE_ROUTES } from './routes-run-values.ts'
import { RUN_ROUTES } from './routes-runs.ts'
import { SEARCH_ROUTES } from './routes-search.ts'

export const MLFLOW_ROUTES: readonly MlflowRoute[] = [
  ...EXPERIMENT_ROUTES,
  ...RUN_ROUTES,
  ...RUN_VALUE_ROUTES,
  ...METRIC_ROUTES,
  ...SEARCH_ROUTES,
  ...REGISTRY_ROUTES,
  ...LOGGED_MODEL_ROUTES,
  ...ARTIFACT_ROUTES,
]
