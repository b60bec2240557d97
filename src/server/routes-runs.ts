// runs/*, all but the search and what is logged into a run
import { z } from 'zod'
import { RUN_STATUSES } from '../mlflow/runs.ts'
import { keyValue, list, MOST_ENTRIES, optionalInt64, optionalText, text } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

const runId = z.object({ run_id: text })

export const RUN_ROUTES = [
  mlflowRoute({
    method: 'POST',
    path: 'runs/create',
    summary: 'Begins a run',
    request: z.object({
      experiment_id: text,
      user_id: optionalText,
      start_time: optionalInt64,
      run_name: optionalText,
      tags: list(keyValue, MOST_ENTRIES),
    }),
    run: async (run, store) => ({ run: await store.createRun(run) }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'runs/get',
    summary: 'A run with its parameters, latest metrics, tags, inputs and outputs',
    request: runId,
    run: async ({ run_id }, store) => ({ run: await store.getRun(run_id) }),
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/update',
    summary: "Changes a run's status, end or name",
    request: z.object({
      run_id: text,
      status: z
        .enum(RUN_STATUSES)
        .nullish()
        .transform((status) => status ?? undefined),
      end_time: optionalInt64,
      run_name: optionalText,
    }),
    run: async (update, store) => ({ run_info: await store.updateRun(update) }),
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/delete',
    summary: 'Marks a run as deleted',
    request: runId,
    run: async ({ run_id }, store) => {
      await store.deleteRun(run_id)
      return {}
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'runs/restore',
    summary: 'Restores a run that was deleted',
    request: runId,
    run: async ({ run_id }, store) => {
      await store.restoreRun(run_id)
      return {}
    },
  }),
]
