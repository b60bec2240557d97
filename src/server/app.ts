// The whole server as one application: MLflow's interface, and what else is asked of it.
import { Hono } from 'hono'
import { ARTIFACT_API } from './artifact-api.ts'
import { mountArtifacts } from './artifact-routes.ts'
import { mountDescription } from './description.ts'
import { mountForeign } from './foreign-endpoints.ts'
import { mountGreeting } from './greeting.ts'
import { type MlflowServing, mountMlflow, refusal, whereOf } from './mlflow-app.ts'
import { MLFLOW_ROUTES } from './mlflow-routes.ts'
import { notFound } from './not-found.ts'
import { mountPages, type PageSource } from './page.ts'
import { mountPredict, type Predictions } from './predict.ts'
import { predictApi } from './predict-api.ts'
import { routedPath } from './raw-request.ts'
import { mountServerInfo, SERVER_INFO_API } from './server-info.ts'

export interface AppParts extends MlflowServing {
  /** Of this program, as its interface's description says it. */
  readonly version?: string
  /** What `/predict` answers from. */
  readonly predictions?: Predictions
  /** What a browser is shown, at `/` and below. */
  readonly pages?: PageSource
}

export function openApp(parts: AppParts): Hono {
  const app = new Hono({ getPath: routedPath })
  mountServerInfo(app)
  mountGreeting(app, parts.pages === undefined ? undefined : mountPages(app, parts.pages))
  if (parts.predictions !== undefined) mountPredict(app, parts.predictions, parts.report)
  mountArtifacts(app, parts)
  mountMlflow(app, MLFLOW_ROUTES, parts)
  mountForeign(app)
  const predictions = parts.predictions === undefined ? [] : predictApi(parts.predictions.serving)
  mountDescription(app, {
    mlflow: MLFLOW_ROUTES,
    others: [...SERVER_INFO_API, ...ARTIFACT_API, ...predictions],
    version: parts.version ?? '0',
  })
  app.notFound((context) => notFound(app, context))
  app.onError((error, context) => refusal(error, (failed) => parts.report(failed, whereOf(context))))
  return app
}
