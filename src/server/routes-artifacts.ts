// artifacts/list and what a logged model's folder holds. What carries files is in artifact-routes.ts.
import { z } from 'zod'
import { optionalText, text } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

export const ARTIFACT_ROUTES = [
  mlflowRoute({
    method: 'GET',
    path: 'artifacts/list',
    summary: "What lies in a folder of a run's artifacts",
    request: z.object({ run_id: text, path: optionalText, page_token: optionalText }),
    run: ({ run_id, path }, store) => store.listRunArtifacts({ run_id, path }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'logged-models/{model_id}/artifacts/directories',
    summary: "What lies in a folder of a logged model's files",
    request: z.object({ model_id: text, artifact_directory_path: optionalText }),
    run: ({ model_id, artifact_directory_path }, store) =>
      store.listLoggedModelArtifacts({ model_id, path: artifact_directory_path }),
  }),
]
