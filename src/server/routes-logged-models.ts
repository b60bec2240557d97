// logged-models/*, all but the search and the files
import { z } from 'zod'
import { LOGGED_MODEL_STATUSES } from '../mlflow/read-logged-models.ts'
import { keyValue, list, MOST_ENTRIES, optionalBoolean, optionalText, text } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

const modelId = z.object({ model_id: text })

/** A status by its name or its number, which may also come as a text. */
const status = z.preprocess((value) => {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d$/.test(value))
  return isNumber ? (LOGGED_MODEL_STATUSES[Number(value)] ?? value) : value
}, z.literal(LOGGED_MODEL_STATUSES))

export const LOGGED_MODEL_ROUTES = [
  mlflowRoute({
    method: 'POST',
    path: 'logged-models',
    summary: 'Makes a logged model, pending until its files are there',
    request: z.object({
      experiment_id: text,
      name: optionalText,
      model_type: optionalText,
      source_run_id: optionalText,
      params: list(keyValue, MOST_ENTRIES),
      tags: list(keyValue, MOST_ENTRIES),
    }),
    run: async ({ experiment_id, model_type, source_run_id, ...model }, store) => ({
      model: await store.createLoggedModel({
        ...model,
        experimentId: experiment_id,
        modelType: model_type,
        sourceRunId: source_run_id,
      }),
    }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'logged-models/{model_id}',
    summary: 'A logged model with its parameters, tags and metrics',
    request: modelId.extend({ allow_deleted: optionalBoolean }),
    run: async ({ model_id, allow_deleted: alsoDeleted = false }, store) => ({
      model: await store.getLoggedModel(model_id, { alsoDeleted }),
    }),
  }),
  mlflowRoute({
    method: 'PATCH',
    path: 'logged-models/{model_id}',
    summary: "Says how the upload of a logged model's files ended",
    request: modelId.extend({ status }),
    run: async (request, store) => ({ model: await store.finalizeLoggedModel(request.model_id, request.status) }),
  }),
  mlflowRoute({
    method: 'DELETE',
    path: 'logged-models/{model_id}',
    summary: 'Marks a logged model as deleted',
    request: modelId,
    run: async ({ model_id }, store) => {
      await store.deleteLoggedModel(model_id)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'logged-models/{model_id}/params',
    summary: 'Adds parameters to a logged model',
    request: modelId.extend({ params: list(keyValue, MOST_ENTRIES) }),
    run: async ({ model_id, params }, store) => {
      await store.logLoggedModelParams(model_id, params)
      return {}
    },
  }),
  mlflowRoute({
    method: 'PATCH',
    path: 'logged-models/{model_id}/tags',
    summary: 'Gives a logged model tags',
    request: modelId.extend({ tags: list(keyValue, MOST_ENTRIES) }),
    run: async ({ model_id, tags }, store) => {
      await store.setLoggedModelTags(model_id, tags)
      return {}
    },
  }),
  mlflowRoute({
    method: 'DELETE',
    path: 'logged-models/{model_id}/tags/{tag_key}',
    summary: 'Takes a tag from a logged model',
    request: modelId.extend({ tag_key: text }),
    run: async ({ model_id, tag_key }, store) => {
      await store.deleteLoggedModelTag(model_id, tag_key)
      return {}
    },
  }),
]
