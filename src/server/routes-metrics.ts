// metrics/*
import { z } from 'zod'
import { list, optionalInt64, optionalText, requiredList, text } from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

export const METRIC_ROUTES = [
  mlflowRoute({
    method: 'GET',
    path: 'metrics/get-history',
    summary: 'The points of a metric, by the page',
    request: z.object({ run_id: text, metric_key: text, max_results: optionalInt64, page_token: optionalText }),
    run: (request, store) => store.metricHistory(request),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'metrics/get-history-bulk',
    onlyAjax: true,
    summary: 'The points of a metric in several runs',
    request: z.object({ run_id: list(text), metric_key: optionalText, max_results: optionalInt64 }),
    run: ({ run_id, ...rest }, store) => store.metricHistories({ run_ids: run_id, ...rest }),
  }),
  mlflowRoute({
    method: 'GET',
    path: 'metrics/get-history-bulk-interval',
    summary: 'The points of a metric in several runs, thinned out for a chart',
    request: z.object({
      run_ids: requiredList(text),
      metric_key: text,
      start_step: optionalInt64,
      end_step: optionalInt64,
      max_results: optionalInt64,
    }),
    run: (request, store) => store.sampledHistories(request),
  }),
]
