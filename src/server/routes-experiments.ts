// experiments/*, all but the search for experiments
import { z } from 'zod'
import { keyValue, list, MOST_ENTRIES, optionalText, text, textOrEmpty } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

const experimentId = z.object({ experiment_id: text })

export const EXPERIMENT_ROUTES = [
  mlflowRoute({
    method: 'POST',
    path: 'experiments/create',
    summary: 'Makes an experiment',
    request: z.object({ name: text, artifact_location: optionalText, tags: list(keyValue, MOST_ENTRIES) }),
    run: async (experiment, store) => ({ experiment_id: await store.createExperiment(experiment) }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'experiments/get',
    summary: 'An experiment by its id',
    request: experimentId,
    run: async ({ experiment_id }, store) => ({ experiment: await store.getExperiment(experiment_id) }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'experiments/get-by-name',
    summary: 'An experiment by its name',
    request: z.object({ experiment_name: text }),
    run: async ({ experiment_name }, store) => ({ experiment: await store.getExperimentByName(experiment_name) }),
  }),
  mlflowRoute({
    method: 'POST',
    path: 'experiments/delete',
    summary: 'Marks an experiment and its runs as deleted',
    request: experimentId,
    run: async ({ experiment_id }, store) => {
      await store.deleteExperiment(experiment_id)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'experiments/restore',
    summary: 'Restores an experiment that was deleted, with its runs',
    request: experimentId,
    run: async ({ experiment_id }, store) => {
      await store.restoreExperiment(experiment_id)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'experiments/update',
    summary: 'Renames an experiment',
    request: z.object({ experiment_id: text, new_name: text }),
    run: async ({ experiment_id, new_name }, store) => {
      await store.renameExperiment(experiment_id, new_name)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'experiments/set-experiment-tag',
    summary: 'Sets a tag of an experiment',
    request: z.object({ experiment_id: text, key: text, value: textOrEmpty }),
    run: async ({ experiment_id, key, value }, store) => {
      await store.setExperimentTag(experiment_id, key, value)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'experiments/delete-experiment-tag',
    summary: 'Deletes a tag of an experiment',
    request: z.object({ experiment_id: text, key: text }),
    run: async ({ experiment_id, key }, store) => {
      await store.deleteExperimentTag(experiment_id, key)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'experiments/search-datasets',
    onlyAjax: true,
    summary: 'The data sets that runs of experiments read',
    request: z.object({ experiment_ids: list(text) }),
    run: async ({ experiment_ids }, store) => {
      const found = await store.searchDatasets(experiment_ids)
      return found.length === 0 ? {} : { dataset_summaries: found }
    },
  }),
]
