// Pages for a browser, read-only: what is in Production, what waits for a person, runs with their curves, versions with their history.
import type { Context, Hono } from 'hono'
import { MlflowError } from '../mlflow/error.ts'
import type { SearchRuns } from '../mlflow/search-runs.ts'
import type { MlflowStore } from '../mlflow/store.ts'
import type { Transition } from '../tracking/port.ts'
import type { WireMetric } from '../tracking/wire.ts'
import { type Html, PAGE_POLICY } from './page-frame.ts'
import { experimentPage, modelPage, notFoundPage, overviewPage, runPage, type WaitingDecision } from './page-views.ts'

/** What the pages read. */
export interface PageSource {
  readonly store: MlflowStore
  /** Every transition of a model, oldest first. */
  readonly history: (model: string) => Promise<readonly Transition[]>
  /** What waits for a person now. */
  readonly decisions: () => Promise<readonly WaitingDecision[]>
}

const LATEST_RUNS = 20
const RUNS_ON_A_PAGE = 100
const LISTED = 200
/** Curves drawn on a run's page. */
const CURVES = 24
/** The folder of a run whose drawings are shown, and how many files of it. */
const REPORT = 'report'
const REPORT_FILES = 24
/** The longest history one request reads. */
const POINTS = 25_000

/** Adds the pages below `/`; the first of them is handed back, as `/` answers other clients otherwise. */
export function mountPages(app: Hono, source: PageSource): (context: Context) => Promise<Response> {
  app.get('/runs/:id', (context) => shown(context, () => readRun(source.store, context.req.param('id'))))
  app.get('/models/:name', (context) => shown(context, () => readModel(source, context.req.param('name'))))
  app.get('/experiments/:id', (context) =>
    shown(context, () => readExperiment(source.store, context.req.param('id'), context.req.query('page'))),
  )
  return (context) => shown(context, () => readOverview(source))
}

/** Whether a client would rather have a page than JSON: a browser names HTML, others do not. */
export function wantsPage(accept: string | undefined): boolean {
  return /(^|,)\s*text\/html\b/i.test(accept ?? '')
}

async function shown(context: Context, read: () => Promise<Html>): Promise<Response> {
  context.header('content-security-policy', PAGE_POLICY)
  context.header('cache-control', 'no-store')
  context.header('vary', 'Accept')
  try {
    return await context.html(await read())
  } catch (error) {
    if (error instanceof MlflowError && error.status < 500) {
      return await context.html(await notFoundPage(error.message), 404)
    }
    throw error
  }
}

async function readOverview({ store, decisions }: PageSource): Promise<Html> {
  const { experiments } = await store.searchExperiments({
    ...EVERYTHING,
    orderBy: ['last_update_time DESC'],
    viewType: 'ACTIVE_ONLY',
  })
  const { models } = await store.searchRegisteredModels(EVERYTHING)
  const ids = experiments.map(({ experiment_id }) => experiment_id)
  const { runs } = await store.searchRuns(newestRuns(ids, LATEST_RUNS, undefined))
  return overviewPage({ decisions: await decisions(), models, experiments, runs })
}

async function readExperiment(store: MlflowStore, id: string, token: string | undefined): Promise<Html> {
  const experiment = await store.getExperiment(id)
  const { runs, nextPageToken } = await store.searchRuns(newestRuns([id], RUNS_ON_A_PAGE, token))
  const older = nextPageToken === undefined ? null : `/experiments/${id}?page=${encodeURIComponent(nextPageToken)}`
  return experimentPage(experiment, runs, older)
}

/** All of something, as many as are listed. */
const EVERYTHING = { filter: '', maxResults: LISTED, orderBy: [], pageToken: undefined }

function newestRuns(experimentIds: readonly string[], maxResults: number, pageToken: string | undefined): SearchRuns {
  return { experimentIds, filter: '', viewType: 'ACTIVE_ONLY', maxResults, orderBy: ['start_time DESC'], pageToken }
}

async function readRun(store: MlflowStore, id: string): Promise<Html> {
  const run = await store.getRun(id)
  const experiment = await store.getExperiment(run.info.experiment_id)
  const several: { key: string; history: readonly WireMetric[] }[] = []
  for (const { key } of run.data.metrics ?? []) {
    if (several.length > CURVES) break
    const page = { run_id: id, metric_key: key, max_results: POINTS, page_token: undefined }
    const { metrics = [] } = await store.metricHistory(page)
    if (metrics.length > 1) several.push({ key, history: metrics })
  }
  const curves = several.slice(0, CURVES)
  const { files = [] } = await store.listRunArtifacts({ run_id: id }).catch(() => ({ files: [] })) // they may lie elsewhere
  const report = files.some(({ path, is_dir }) => is_dir && path === REPORT)
    ? ((await store.listRunArtifacts({ run_id: id, path: REPORT })).files ?? []).slice(0, REPORT_FILES)
    : []
  return runPage({ run, experiment, curves, hasMore: several.length > CURVES, files, report })
}

async function readModel({ store, history }: PageSource, name: string): Promise<Html> {
  const model = await store.getRegisteredModel(name)
  const { versions } = await store.searchModelVersions({
    ...EVERYTHING,
    filter: `name = ${quoted(name)}`,
    orderBy: ['version_number DESC'],
  })
  return modelPage(model, versions, await history(name))
}

/** A text as the filter language quotes it. Where it holds both kinds of quotes, it cannot: then nothing is found. */
function quoted(text: string): string {
  return text.includes("'") ? `"${text.replaceAll('"', '')}"` : `'${text}'`
}
