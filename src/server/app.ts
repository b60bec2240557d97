// The whole server as one application: MLflow's interface, and what else is asked of it.
import { Hono } from 'hono'
import { type MlflowServing, mountMlflow } from './mlflow-app.ts'
import { MLFLOW_ROUTES } from './mlflow-routes.ts'

/** The version of MLflow whose interface and schema these are; clients ask for it. */
const MLFLOW_VERSION = '3.17.2'

export function openApp(serving: MlflowServing): Hono {
  const app = new Hono()
  app.get('/health', (context) => context.text('OK'))
  app.get('/version', (context) => context.text(MLFLOW_VERSION))
  mountMlflow(app, MLFLOW_ROUTES, serving)
  return app
}
