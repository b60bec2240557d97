// What is logged into a run: parameters, metrics and tags, one by one and in batches.
import { keptQuery } from '../database/kept-query.ts'
import { type Point, stored, writePoints } from '../tracking/metrics.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireKeyValue } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid, notThere } from './error.ts'
import { filled } from './in-lists.ts'
import {
  checkBatch,
  checkLength,
  checkMetricName,
  checkMetricTime,
  checkParamName,
  checkParamsUnique,
  checkRunId,
  checkTagName,
  paramValue,
  tagValue,
} from './limits.ts'
import { checkKindTags, checkTagGoes, openRun } from './open-runs.ts'
import { pythonText } from './python-text.ts'
import { NAME_TAG, renameRun, writeTag } from './runs.ts'

/** A point of a metric, which may be a figure of a logged model too, on a data set. */
export interface LoggedPoint extends Point {
  readonly model_id?: string | undefined
  readonly dataset_name?: string | undefined
  readonly dataset_digest?: string | undefined
}

interface Batch {
  readonly run_id: string
  readonly metrics: readonly LoggedPoint[]
  readonly params: readonly WireKeyValue[]
  readonly tags: readonly WireKeyValue[]
}

export function runValueOperations(context: StoreContext) {
  const { database } = context
  return {
    async logMetric(runId: string, point: LoggedPoint): Promise<void> {
      checkPoint(point)
      await database.write(async (trx) => {
        const { experiment_id } = await openRun(trx, runId)
        await writePoints(trx, runId, [point])
        if (point.model_id) await writeModelPoints(trx, { runId, experiment_id }, [point])
      })
    },

    logParam: (runId: string, key: string, value: string): Promise<void> => logParam(context, runId, { key, value }),

    async setTag(runId: string, key: string, given: string): Promise<void> {
      checkTagName(key)
      const value = tagValue(given, context)
      await database.write(async (trx) => {
        checkKindTags(runId, await openRun(trx, runId), [{ key, value }])
        await writeTags(trx, runId, [{ key, value }])
      })
    },

    deleteTag: (runId: string, key: string): Promise<void> =>
      database.write(async (trx) => {
        checkTagGoes(runId, await openRun(trx, runId), key)
        const { numDeletedRows } = await trx
          .deleteFrom('tags')
          .where('run_uuid', '=', runId)
          .where('key', '=', key)
          .executeTakeFirst()
        if (numDeletedRows === 0n) throw notThere(`No tag with name: ${key} in run with id ${runId}`)
      }),

    /** All of a batch or nothing of it: MLflow may keep part of one that it refuses. */
    async logBatch({ run_id: runId, ...given }: Batch): Promise<void> {
      checkRunId(runId)
      const { metrics, params, tags } = checkedBatch(context, given)
      await database.write(async (trx) => {
        const run = await openRun(trx, runId)
        checkKindTags(runId, run, tags)
        const { experiment_id } = run
        if (params.length > 0) await writeParams(trx, runId, params)
        if (metrics.length > 0) await writePoints(trx, runId, metrics)
        const ofModels = metrics.filter((point) => point.model_id)
        if (ofModels.length > 0) await writeModelPoints(trx, { runId, experiment_id }, ofModels)
        await writeTags(trx, runId, tags)
      })
    },
  }
}

async function logParam(context: StoreContext, runId: string, { key, value: given }: WireKeyValue): Promise<void> {
  checkParamName(key)
  const value = paramValue(given, context)
  await context.database.write(async (trx) => {
    await openRun(trx, runId)
    const [earlier] = await paramsOf(1)(trx, { runId, keys: [key] })
    if (earlier === undefined) await insertParam(trx, { runId, key, value })
    else if (earlier.value !== value) {
      throw invalid(
        `Changing param values is not allowed. Param with key='${key}' was already logged with value='${earlier.value}' ` +
          `for run ID='${runId}'. Attempted logging new value '${value}'.`,
      )
    }
  })
}

function checkPoint(point: LoggedPoint, at = ''): void {
  if (Boolean(point.dataset_name) !== Boolean(point.dataset_digest)) {
    throw invalid('Both dataset_name and dataset_digest must be provided if one is provided')
  }
  checkMetricName(point.key, at)
  checkMetricTime(point, at)
  if (point.dataset_name) checkLength('dataset_name', point.dataset_name, 500)
  if (point.dataset_digest) checkLength('dataset_digest', point.dataset_digest, 36)
}

function checkedBatch(context: StoreContext, batch: Omit<Batch, 'run_id'>): Omit<Batch, 'run_id'> {
  for (const [index, point] of batch.metrics.entries()) checkPoint(point, `metrics[${index}]`)
  const params = batch.params.map(({ key, value }, index) => {
    checkParamName(key, `params[${index}]`)
    return { key, value: paramValue(value, context) }
  })
  const tags = batch.tags.map(({ key, value }, index) => {
    const at = `tags[${index}]`
    checkTagName(key, at)
    return { key, value: tagValue(value, context, at) }
  })
  checkBatch({ metrics: batch.metrics.length, params: params.length, tags: tags.length })
  checkParamsUnique(params.map(({ key }) => key))
  return { metrics: batch.metrics, params, tags }
}

async function writeParams(trx: Sql, runId: string, params: readonly WireKeyValue[]): Promise<void> {
  const keys = filled(params.map(({ key }) => key))
  const rows = await paramsOf(keys.length)(trx, { runId, keys })
  const earlier = new Map(rows.map(({ key, value }) => [key, value]))
  const changed = params.flatMap(({ key, value }) => {
    const before = earlier.get(key)
    return before === undefined || before === value ? [] : [{ key, old_value: before, new_value: value }]
  })
  if (changed.length > 0) {
    throw invalid(
      `Changing param values is not allowed. Params were already logged='${pythonText(changed)}' for run ID='${runId}'.`,
    )
  }
  for (const { key, value } of params) if (!earlier.has(key)) await insertParam(trx, { runId, key, value })
}

/** Writes tags, of which one is the run's name: an empty one is passed over, as MLflow does. */
async function writeTags(trx: Sql, runId: string, tags: readonly WireKeyValue[]): Promise<void> {
  for (const { key, value } of tags) {
    if (key !== NAME_TAG) await writeTag(trx, { runId, key, value })
    else if (value !== '') await renameRun(trx, runId, value)
  }
}

/** Metrics of a run as metrics of the models they were measured on. One that is there already, at that time and step, stays. */
async function writeModelPoints(
  trx: Sql,
  run: { readonly runId: string; readonly experiment_id: number },
  points: readonly LoggedPoint[],
): Promise<void> {
  for (const modelId of new Set(points.map((point) => point.model_id ?? ''))) {
    const [model] = await modelById(trx, { modelId })
    if (model === undefined) throw notThere(`Logged model with ID '${modelId}' not found.`)
  }
  for (const point of points) {
    await insertModelPoint(trx, {
      model_id: point.model_id ?? '',
      metric_name: point.key,
      metric_timestamp_ms: point.timestamp,
      metric_step: point.step,
      metric_value: stored(point.value).value, // MLflow's column cannot tell NaN from 0
      experiment_id: run.experiment_id,
      run_id: run.runId,
      dataset_name: point.dataset_name || null,
      dataset_digest: point.dataset_digest || null,
    })
  }
}

type NewParam = { readonly runId: string; readonly key: string; readonly value: string }

const insertParam = keptQuery((sql: Sql, { runId, key, value }: NewParam) =>
  sql.insertInto('params').values({ run_uuid: runId, key, value }),
)

type ParamKeys = { readonly runId: string; readonly keys: readonly string[] }

const paramQueries = new Map<number, ReturnType<typeof makeParamQuery>>()

/** The query for a run's parameters of that many names; the numbers are few. */
function paramsOf(length: number): ReturnType<typeof makeParamQuery> {
  const found = paramQueries.get(length)
  if (found !== undefined) return found
  const made = makeParamQuery(length)
  paramQueries.set(length, made)
  return made
}

function makeParamQuery(length: number) {
  return keptQuery(
    (sql: Sql, { runId, keys }: ParamKeys) =>
      sql.selectFrom('params').select(['key', 'value']).where('run_uuid', '=', runId).where('key', 'in', keys),
    { keys: length },
  )
}

const modelById = keptQuery((sql: Sql, { modelId }: { readonly modelId: string }) =>
  sql.selectFrom('logged_models').select('model_id').where('model_id', '=', modelId),
)

type ModelPoint = {
  readonly model_id: string
  readonly metric_name: string
  readonly metric_timestamp_ms: number | bigint
  readonly metric_step: number | bigint
  readonly metric_value: number
  readonly experiment_id: number
  readonly run_id: string
  readonly dataset_name: string | null
  readonly dataset_digest: string | null
}

const insertModelPoint = keptQuery((sql: Sql, point: ModelPoint) =>
  sql
    .insertInto('logged_model_metrics')
    .values({
      model_id: point.model_id,
      metric_name: point.metric_name,
      metric_timestamp_ms: point.metric_timestamp_ms,
      metric_step: point.metric_step,
      metric_value: point.metric_value,
      experiment_id: point.experiment_id,
      run_id: point.run_id,
      dataset_uuid: null,
      dataset_name: point.dataset_name,
      dataset_digest: point.dataset_digest,
    })
    .onConflict((conflict) => conflict.doNothing()),
)
