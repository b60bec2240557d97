// The whole server as one application: MLflow's interface, and what else is asked of it.
import { type Context, Hono } from 'hono'
import { mountGreeting } from './greeting.ts'
import { type MlflowServing, mountMlflow } from './mlflow-app.ts'
import { MLFLOW_ROUTES } from './mlflow-routes.ts'
import { mountPredict, type Predictions } from './predict.ts'

/** The version of MLflow whose interface and schema these are; clients ask for it. */
const MLFLOW_VERSION = '3.17.2'

export interface AppParts extends MlflowServing {
  /** What `/predict` answers from. */
  readonly predictions?: Predictions
  /** What a browser is shown at `/`. */
  readonly page?: (context: Context) => Response | Promise<Response>
}

export function openApp(parts: AppParts): Hono {
  const app = new Hono()
  app.get('/health', (context) => context.text('OK'))
  app.get('/version', (context) => context.text(MLFLOW_VERSION))
  mountGreeting(app, parts.page)
  if (parts.predictions !== undefined) mountPredict(app, parts.predictions, parts.report)
  mountArtifacts(app, serving)
  mountMlflow(app, MLFLOW_ROUTES, parts)
  return app
}
