// Every route of MLflow's REST interface that is served here.
import type { MlflowRoute } from './mlflow-route.ts'
import { EXPERIMENT_ROUTES } from './routes-experiments.ts'
import { LOGGED_MODEL_ROUTES } from './routes-logged-models.ts'
import { REGISTRY_ROUTES } from './routes-registry.ts'
import { RUN_ROUTES } from './routes-runs.ts'

export const MLFLOW_ROUTES: readonly MlflowRoute[] = [...EXPERIMENT_ROUTES, ...RUN_ROUTES, ...REGISTRY_ROUTES, ...LOGGED_MODEL_ROUTES]
