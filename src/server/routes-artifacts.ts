// artifacts/list and what a logged model's folder holds. What carries files is in artifact-routes.ts.
import { z } from 'zod'
import { optionalText, text } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

/** A path, '' or missing for the folder itself. What is wrong with it is told by whoever knows about paths. */
const path = z
  .string()
  .nullish()
  .transform((given) => given ?? undefined)

export const ARTIFACT_ROUTES = [
  mlflowRoute({
    method: 'GET',
    path: 'artifacts/list',
    summary: "What lies in a folder of a run's artifacts",
    request: z.object({ run_id: text, path, page_token: optionalText }),
    run: (folder, store) => store.listRunArtifacts(folder),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'logged-models/{model_id}/artifacts/directories',
    summary: "What lies in a folder of a logged model's files",
    request: z.object({ model_id: text, artifact_directory_path: path }),
    run: ({ model_id, artifact_directory_path }, store) =>
      store.listLoggedModelArtifacts({ model_id, path: artifact_directory_path }),
  }),
]
