// Logged models as the interface shows them: rows with their parameters, tags, metrics and registrations, in few queries.
import type { Selectable } from 'kysely'
import type { Sql, TrackingSchema } from '../tracking/schema.ts'
import { WORKSPACE } from '../tracking/schema.ts'
import { DELETED_STAGE } from '../tracking/stages.ts'
import type { WireLoggedModel, WireMetric } from '../tracking/wire.ts'
import type { Addresses } from './addresses.ts'
import { readInPieces } from './in-lists.ts'

/** A row of `logged_models`, selected whole. */
export type LoggedModelRow = Selectable<TrackingSchema['logged_models']>

/** What the numbers that MLflow stores stand for. */
export const LOGGED_MODEL_STATUSES = [
  'LOGGED_MODEL_STATUS_UNSPECIFIED',
  'LOGGED_MODEL_PENDING',
  'LOGGED_MODEL_READY',
  'LOGGED_MODEL_UPLOAD_FAILED',
] as const

/** The tag that a logged model gets when a version is made of it. */
export const VERSIONS_TAG = 'mlflow.modelVersions'

/** A logged model of each row, in the same order. */
export async function fillWireLoggedModels(
  sql: Sql,
  addresses: Addresses,
  rows: readonly LoggedModelRow[],
): Promise<WireLoggedModel[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.model_id)
  const tags = await tagsOf(sql, ids)
  const params = await paramsOf(sql, ids)
  const metrics = await metricsOf(sql, ids)
  const registered = rows.filter((row) => tags.get(row.model_id)?.some(({ key }) => key === VERSIONS_TAG))
  const registrations = await registrationsOf(
    sql,
    registered.map((row) => row.artifact_location),
  )
  return rows.map((row) => {
    const id = row.model_id
    return {
      info: {
        ...infoOf(row, addresses),
        ...some(
          'tags',
          tags.get(id)?.map(({ key, value }) => ({ key, value })),
        ),
        ...some(
          'registrations',
          registrations.get(row.artifact_location)?.map(({ name, version }) => ({ name, version })),
        ),
      },
      data: {
        ...some(
          'params',
          params.get(id)?.map(({ key, value }) => ({ key, value })),
        ),
        ...some('metrics', metrics.get(id)?.map(metricOf)),
      },
    }
  })
}

function infoOf(row: LoggedModelRow, addresses: Addresses): WireLoggedModel['info'] {
  return {
    model_id: row.model_id,
    experiment_id: String(row.experiment_id),
    name: row.name,
    creation_timestamp_ms: Number(row.creation_timestamp_ms),
    last_updated_timestamp_ms: Number(row.last_updated_timestamp_ms),
    artifact_uri: addresses.shown(row.artifact_location),
    status: LOGGED_MODEL_STATUSES[row.status] ?? LOGGED_MODEL_STATUSES[0],
    ...(row.model_type === null ? {} : { model_type: row.model_type }),
    ...(row.source_run_id === null ? {} : { source_run_id: row.source_run_id }),
    ...(row.status_message === null ? {} : { status_message: row.status_message }),
  }
}

interface IdKeyValue {
  readonly model_id: string
  readonly key: string
  readonly value: string
}

async function tagsOf(sql: Sql, ids: readonly string[]): Promise<Map<string, IdKeyValue[]>> {
  const rows = await readInPieces(ids, (piece) =>
    sql
      .selectFrom('logged_model_tags')
      .select(['model_id', 'tag_key as key', 'tag_value as value'])
      .where('model_id', 'in', piece)
      .orderBy('tag_key')
      .execute(),
  )
  return Map.groupBy(rows, (row) => row.model_id)
}

async function paramsOf(sql: Sql, ids: readonly string[]): Promise<Map<string, IdKeyValue[]>> {
  const rows = await readInPieces(ids, (piece) =>
    sql
      .selectFrom('logged_model_params')
      .select(['model_id', 'param_key as key', 'param_value as value'])
      .where('model_id', 'in', piece)
      .orderBy('param_key')
      .execute(),
  )
  return Map.groupBy(rows, (row) => row.model_id)
}

type MetricRow = Selectable<TrackingSchema['logged_model_metrics']>

async function metricsOf(sql: Sql, ids: readonly string[]): Promise<Map<string, MetricRow[]>> {
  const rows = await readInPieces(ids, (piece) =>
    sql
      .selectFrom('logged_model_metrics')
      .selectAll()
      .where('model_id', 'in', piece)
      .orderBy('metric_name')
      .orderBy('metric_timestamp_ms')
      .orderBy('metric_step')
      .execute(),
  )
  return Map.groupBy(rows, (row) => row.model_id)
}

function metricOf(row: MetricRow): WireMetric {
  return {
    key: row.metric_name,
    value: numberOf(row.metric_value),
    timestamp: row.metric_timestamp_ms,
    step: row.metric_step,
    ...(row.dataset_name === null ? {} : { dataset_name: row.dataset_name }),
    ...(row.dataset_digest === null ? {} : { dataset_digest: row.dataset_digest }),
    model_id: row.model_id,
    run_id: row.run_id,
  }
}

/** SQLite keeps no NaN: it becomes a null. */
function numberOf(value: number | null): number | string {
  return value === null ? 'NaN' : Number.isFinite(value) ? value : String(value)
}

/** The versions made of logged models, and copies of them, by where the files lie. */
async function registrationsOf(
  sql: Sql,
  locations: readonly string[],
): Promise<Map<string, { name: string; version: string }[]>> {
  const rows = await readInPieces(locations, (piece) =>
    sql
      .selectFrom('model_versions')
      .select(['name', 'version', 'storage_location'])
      .where('workspace', '=', WORKSPACE)
      .where('storage_location', 'in', piece)
      .where('current_stage', '!=', DELETED_STAGE)
      .orderBy('name')
      .orderBy('version')
      .execute(),
  )
  const read = rows.map((row) => ({ name: row.name, version: String(row.version), location: row.storage_location }))
  return Map.groupBy(read, (row) => row.location ?? '')
}

/** A list under its name; nothing where it is absent or empty. */
function some<Name extends string, Item>(
  name: Name,
  items: readonly Item[] | undefined,
): { [field in Name]?: readonly Item[] } {
  return (items === undefined || items.length === 0 ? {} : { [name]: items }) as { [field in Name]?: readonly Item[] } // the one field or none
}
