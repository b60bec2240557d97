// The five searches: experiments, runs, registered models, model versions, logged models
import { z } from 'zod'
import { VIEW_TYPES } from '../mlflow/view-type.ts'
import { describeAs } from './json-schema.ts'
import {
  list,
  optionalBoolean,
  optionalInt32,
  optionalInt64,
  optionalText,
  requiredList,
  text,
  textOrEmpty,
} from './mlflow-request.ts'
import { mlflowRoute } from './mlflow-route.ts'

const MOST_RUNS = 50_000
const MOST_MODELS = 1_000
const MOST_VERSIONS = 200_000
const LOGGED_MODELS_UNASKED = 50

/** What is shown of what was deleted, by its name or its number, which a query writes as a text. */
const viewType = z
  .preprocess(
    (value) => (/^[1-3]$/.test(String(value)) ? VIEW_TYPES[Number(value) - 1] : value),
    z.enum(VIEW_TYPES).nullish(),
  )
  .transform((view) => view ?? 'ACTIVE_ONLY')

/** What all searches but one take beside their number of results. */
const paged = { filter: textOrEmpty, order_by: list(textOrEmpty), page_token: optionalText }

const loggedModelOrder = z.object({
  field_name: text,
  ascending: optionalBoolean,
  dataset_name: optionalText,
  dataset_digest: optionalText,
})

export const SEARCH_ROUTES = [
  ...(['POST', 'GET'] as const).map((method) =>
    mlflowRoute({
      method,
      path: 'experiments/search',
      summary: 'A page of experiments',
      request: z.object({ ...paged, max_results: optionalInt64, view_type: viewType }),
      run: async ({ filter, view_type, max_results = 0, order_by, page_token }, store) => {
        const search = { filter, viewType: view_type, orderBy: order_by, pageToken: page_token }
        const found = await store.searchExperiments({ ...search, maxResults: Number(max_results) })
        return answer('experiments', found.experiments, found.nextPageToken)
      },
    }),
  ),
  mlflowRoute({
    method: 'POST',
    path: 'runs/search',
    summary: 'A page of the runs of some experiments',
    request: z.object({
      ...paged,
      experiment_ids: list(text),
      run_view_type: viewType,
      max_results: atMost(MOST_RUNS, optionalInt32),
    }),
    run: async ({ experiment_ids, filter, run_view_type, max_results = 1_000, order_by, page_token }, store) => {
      const search = { filter, viewType: run_view_type, orderBy: order_by, pageToken: page_token }
      const found = await store.searchRuns({
        ...search,
        experimentIds: experiment_ids,
        maxResults: Number(max_results),
      })
      return answer('runs', found.runs, found.nextPageToken)
    },
  }),
  mlflowRoute({
    method: 'GET',
    path: 'registered-models/search',
    summary: 'A page of registered models',
    request: z.object({ ...paged, max_results: atMost(MOST_MODELS, optionalInt64) }),
    run: async ({ filter, max_results = 100, order_by, page_token }, store) => {
      const search = { filter, orderBy: order_by, pageToken: page_token, maxResults: Number(max_results) }
      const found = await store.searchRegisteredModels(search)
      return answer('registered_models', found.models, found.nextPageToken)
    },
  }),
  mlflowRoute({
    method: 'GET',
    path: 'model-versions/search',
    summary: 'A page of model versions',
    request: z.object({ ...paged, max_results: atMost(MOST_VERSIONS, optionalInt64) }),
    run: async ({ filter, max_results = MOST_VERSIONS, order_by, page_token }, store) => {
      const search = { filter, orderBy: order_by, pageToken: page_token, maxResults: Number(max_results) }
      const found = await store.searchModelVersions(search)
      return answer('model_versions', found.versions, found.nextPageToken)
    },
  }),
  mlflowRoute({
    method: 'POST',
    path: 'logged-models/search',
    summary: 'A page of the logged models of some experiments',
    request: z.object({
      experiment_ids: requiredList(text),
      filter: textOrEmpty,
      datasets: list(z.object({ dataset_name: textOrEmpty, dataset_digest: optionalText })),
      max_results: optionalInt32,
      order_by: list(loggedModelOrder),
      page_token: optionalText,
    }),
    run: async ({ experiment_ids, filter, datasets, max_results, order_by, page_token }, store) => {
      const found = await store.searchLoggedModels({
        experimentIds: experiment_ids,
        filter,
        datasets: datasets.map(withDataset),
        maxResults: max_results || LOGGED_MODELS_UNASKED,
        orderBy: order_by.map((order) => ({ ...withDataset(order), ascending: order.ascending ?? true })),
        pageToken: page_token,
      })
      return answer('models', found.models, found.nextPageToken)
    },
  }),
]

/** A number of results that may be missing, with the most that is given at a time. */
function atMost(most: number, count: typeof optionalInt32 | typeof optionalInt64) {
  const shape = z.union([count]).refine((value) => value === undefined || value <= most)
  return describeAs(shape, { type: 'integer', maximum: most })
}

/** The data set that something names, null for what it leaves open; protobuf cannot tell an empty text from none. */
function withDataset<T extends { dataset_name?: string | undefined; dataset_digest?: string | undefined }>(given: T) {
  return { ...given, dataset_name: given.dataset_name || null, dataset_digest: given.dataset_digest || null }
}

/** A list under its name and the token of the next page; without what is empty, as MLflow has it. */
function answer(name: string, found: readonly unknown[], nextPageToken: string | undefined): object {
  return {
    ...(found.length === 0 ? {} : { [name]: found }),
    ...(nextPageToken === undefined ? {} : { next_page_token: nextPageToken }),
  }
}
