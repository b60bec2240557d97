// experiments/*
import { z } from 'zod'
import { text } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

export const EXPERIMENT_ROUTES = [
  mlflowRoute({
    method: 'GET',
    path: 'experiments/get',
    summary: 'An experiment by its id',
    request: z.object({ experiment_id: text }),
    run: async ({ experiment_id }, store) => ({ experiment: await store.getExperiment(experiment_id) }),
  }),
]
