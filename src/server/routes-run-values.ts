// runs/*: what is logged into a run
import { z } from 'zod'
import { MAX_METRICS_PER_BATCH, MAX_PARAMS_OR_TAGS_PER_BATCH } from '../mlflow/limits.ts'
import {
  double,
  int64,
  keyValue,
  list,
  MOST_ENTRIES,
  optionalInt64,
  optionalText,
  requiredList,
  text,
  textOrEmpty,
} from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

const metric = z.object({
  key: text,
  value: double,
  timestamp: int64,
  step: optionalInt64,
  model_id: optionalText,
  dataset_name: optionalText,
  dataset_digest: optionalText,
})

const dataset = z.object({
  name: text,
  digest: text,
  source_type: textOrEmpty,
  source: textOrEmpty,
  schema: textOrEmpty,
  profile: textOrEmpty,
})

const runAndKey = z.object({ run_id: text, key: text })

export const RUN_VALUE_ROUTES = [
  mlflowRoute({
    method: 'POST',
    path: 'runs/log-metric',
    summary: 'Logs a point of a metric',
    request: z.object({ run_id: text, ...metric.shape }),
    run: async ({ run_id, step = 0, ...point }, store) => {
      await store.logMetric(run_id, { ...point, step })
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/log-parameter',
    summary: 'Logs a parameter, which cannot be changed afterwards',
    request: runAndKey.extend({ value: textOrEmpty }),
    run: async ({ run_id, key, value }, store) => {
      await store.logParam(run_id, key, value)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/set-tag',
    summary: 'Sets a tag of a run',
    request: runAndKey.extend({ value: textOrEmpty }),
    run: async ({ run_id, key, value }, store) => {
      await store.setTag(run_id, key, value)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/delete-tag',
    summary: 'Deletes a tag of a run',
    request: runAndKey,
    run: async ({ run_id, key }, store) => {
      await store.deleteTag(run_id, key)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/log-batch',
    summary: 'Logs metrics, parameters and tags: all of them or none',
    request: z.object({
      run_id: text,
      metrics: list(metric, MAX_METRICS_PER_BATCH),
      params: list(keyValue, MAX_PARAMS_OR_TAGS_PER_BATCH),
      tags: list(keyValue, MAX_PARAMS_OR_TAGS_PER_BATCH),
    }),
    run: async ({ metrics, ...rest }, store) => {
      await store.logBatch({ ...rest, metrics: metrics.map(({ step = 0, ...point }) => ({ ...point, step })) })
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/log-inputs',
    summary: 'Links a run to data sets and models that it read',
    request: z.object({
      run_id: text,
      datasets: list(z.object({ tags: list(keyValue, MOST_ENTRIES), dataset }), MOST_ENTRIES),
      models: list(z.object({ model_id: text }), MOST_ENTRIES),
    }),
    run: async (inputs, store) => {
      await store.logInputs(inputs)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/outputs',
    summary: 'Links a run to models that it made',
    request: z.object({
      run_id: text,
      models: requiredList(z.object({ model_id: text, step: optionalInt64 }), MOST_ENTRIES),
    }),
    run: async ({ run_id, models }, store) => {
      await store.logOutputs({ run_id, models: models.map(({ model_id, step = 0 }) => ({ model_id, step })) })
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/log-model',
    summary: 'Adds a model to the list in the tags of a run, as clients before MLflow 3 do',
    request: z.object({ run_id: text, model_json: text }),
    run: async ({ run_id, model_json }, store) => {
      await store.recordModel(run_id, model_json)
      return {}
    },
  }),
]
