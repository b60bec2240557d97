// Runs as MLflow's interface shows them: the row with its parameters, latest metrics, tags, inputs and outputs.
import { keptQuery } from '../database/kept-query.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireDatasetInput, WireInt64, WireKeyValue, WireMetric, WireRun, WireRunInfo } from '../tracking/wire.ts'
import type { Addresses } from './addresses.ts'
import { filled } from './in-lists.ts'

/** Runs read in one round. */
const RUNS_AT_ONCE = 256

/** The row of a run, as far as it is shown. */
export interface RunRow {
  readonly run_uuid: string
  readonly experiment_id: number
  readonly name: string | null
  readonly user_id: string | null
  readonly status: string | null
  readonly start_time: number | bigint | null
  readonly end_time: number | bigint | null
  readonly lifecycle_stage: string | null
  readonly artifact_uri: string | null
}

/** A stored point of a metric. */
export interface PointRow {
  readonly key: string
  readonly value: number
  readonly is_nan: number
  readonly timestamp: number | bigint
  readonly step: number | bigint
}

/** Fills rows of `runs`, in their order. Used outside a transaction it takes several looks, between which others may write. */
export async function fillWireRuns(sql: Sql, addresses: Addresses, rows: readonly RunRow[]): Promise<WireRun[]> {
  const runs: WireRun[] = []
  for (let from = 0; from < rows.length; from += RUNS_AT_ONCE) {
    const some = rows.slice(from, from + RUNS_AT_ONCE)
    const parts = await readParts(sql, filled(some.map((row) => row.run_uuid)))
    for (const row of some) runs.push(wireRun(wireInfo(row, addresses), parts))
  }
  return runs
}

/** What is shown of a run's row alone. */
export function wireInfo(row: RunRow, addresses: Addresses): WireRunInfo {
  return {
    run_uuid: row.run_uuid,
    experiment_id: String(row.experiment_id),
    run_name: row.name ?? '',
    user_id: row.user_id ?? '',
    status: row.status ?? 'RUNNING',
    start_time: row.start_time ?? 0,
    ...(row.end_time ? { end_time: row.end_time } : {}), // MLflow cannot tell a time of 0 from none
    artifact_uri: addresses.shown(row.artifact_uri ?? ''),
    lifecycle_stage: row.lifecycle_stage ?? 'active',
    run_id: row.run_uuid,
  }
}

/** A stored point as it is sent. An infinity stays the largest double, which it was stored as: so MLflow answers too. */
export function wireMetric({ key, value, is_nan, timestamp, step }: PointRow): WireMetric {
  return { key, value: is_nan === 1 ? 'NaN' : value, timestamp: timestamp ?? 0, step }
}

/** Everything that belongs to some runs, by their ids. */
interface Parts {
  readonly metrics: ReadonlyMap<string, WireMetric[]>
  readonly params: ReadonlyMap<string, WireKeyValue[]>
  readonly tags: ReadonlyMap<string, WireKeyValue[]>
  readonly datasets: ReadonlyMap<string, WireDatasetInput[]>
  readonly modelInputs: ReadonlyMap<string, { readonly model_id: string }[]>
  readonly modelOutputs: ReadonlyMap<string, { readonly model_id: string; readonly step: WireInt64 }[]>
}

function wireRun(info: WireRunInfo, parts: Parts): WireRun {
  const { run_id } = info
  return {
    info,
    data: {
      ...named('metrics', parts.metrics.get(run_id)),
      ...named('params', parts.params.get(run_id)),
      ...named('tags', parts.tags.get(run_id)),
    },
    inputs: {
      ...named('dataset_inputs', parts.datasets.get(run_id)),
      ...named('model_inputs', parts.modelInputs.get(run_id)),
    },
    outputs: named('model_outputs', parts.modelOutputs.get(run_id)),
  }
}

/** A list under its name; nothing for one that is empty, which MLflow leaves out. */
function named<Name extends string, Item>(
  name: Name,
  items: readonly Item[] | undefined,
): { readonly [_ in Name]?: readonly Item[] } {
  return items === undefined ? {} : ({ [name]: items } as { readonly [_ in Name]: readonly Item[] }) // one name, one list
}

async function readParts(sql: Sql, ids: readonly string[]): Promise<Parts> {
  const queries = queriesFor(ids.length)
  const read = async (held: Sql): Promise<Parts> => {
    const metrics = grouped(await queries.metrics(held, { ids }), (row) => row.run_uuid, wireMetric)
    const params = grouped(await queries.params(held, { ids }), (row) => row.run_uuid, keyValue)
    const tags = grouped(await queries.tags(held, { ids }), (row) => row.run_uuid, keyValue)
    const datasets = datasetInputs(await queries.datasets(held, { ids }))
    return { metrics, params, tags, datasets, ...modelsOf(await queries.modelLinks(held, { ids })) }
  }
  // One turn for all of them: waiting for the connection takes longer than most of these queries.
  return sql.isTransaction ? read(sql) : sql.connection().execute(read)
}

interface ModelLink {
  readonly source_id: string
  readonly destination_type: string
  readonly destination_id: string
  readonly step: number | bigint
}

/** Models that runs took in and brought forth. */
function modelsOf(links: readonly ModelLink[]): Pick<Parts, 'modelInputs' | 'modelOutputs'> {
  const ins = links.filter((link) => link.destination_type === 'MODEL_INPUT')
  const outs = links.filter((link) => link.destination_type === 'MODEL_OUTPUT')
  const runOf = (link: ModelLink): string => link.source_id
  return {
    modelInputs: grouped(ins, runOf, ({ destination_id }) => ({ model_id: destination_id })),
    modelOutputs: grouped(outs, runOf, ({ destination_id, step }) => ({ model_id: destination_id, step })),
  }
}

interface DatasetRow {
  readonly run_id: string
  readonly input_uuid: string
  readonly name: string
  readonly digest: string
  readonly dataset_source_type: string
  readonly dataset_source: string
  readonly dataset_schema: string | null
  readonly dataset_profile: string | null
  readonly tag: string | null
  readonly tag_value: string | null
}

/** One row per tag of an input, or one for an input without any. */
function datasetInputs(rows: readonly DatasetRow[]): ReadonlyMap<string, WireDatasetInput[]> {
  const inputs = new Map<string, { runId: string; input: WireDatasetInput & { tags?: WireKeyValue[] } }>()
  for (const row of rows) {
    let found = inputs.get(row.input_uuid)
    if (found === undefined) {
      found = { runId: row.run_id, input: { dataset: wireDataset(row) } }
      inputs.set(row.input_uuid, found)
    }
    if (row.tag !== null) {
      found.input.tags ??= []
      found.input.tags.push({ key: row.tag, value: row.tag_value ?? '' })
    }
  }
  return grouped(
    [...inputs.values()],
    ({ runId }) => runId,
    ({ input }) => input,
  )
}

function wireDataset(row: DatasetRow): WireDatasetInput['dataset'] {
  return {
    name: row.name,
    digest: row.digest,
    source_type: row.dataset_source_type,
    source: row.dataset_source,
    ...(row.dataset_schema ? { schema: row.dataset_schema } : {}),
    ...(row.dataset_profile ? { profile: row.dataset_profile } : {}),
  }
}

function keyValue({ key, value }: { key: string; value: string | null }): WireKeyValue {
  return { key, value: value ?? '' }
}

function grouped<Row, Item>(
  rows: readonly Row[],
  idOf: (row: Row) => string,
  read: (row: Row) => Item,
): ReadonlyMap<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const row of rows) {
    const id = idOf(row)
    const group = groups.get(id)
    if (group === undefined) groups.set(id, [read(row)])
    else group.push(read(row))
  }
  return groups
}

type Queries = ReturnType<typeof makeQueries>
const queriesByLength = new Map<number, Queries>()

/** The queries for that many runs; the lengths are few. */
function queriesFor(length: number): Queries {
  const found = queriesByLength.get(length)
  if (found !== undefined) return found
  const made = makeQueries(length)
  queriesByLength.set(length, made)
  return made
}

type Ids = { readonly ids: readonly string[] }

function makeQueries(length: number) {
  const lengths = { ids: length }
  return {
    metrics: keptQuery(
      (sql: Sql, { ids }: Ids) =>
        sql
          .selectFrom('latest_metrics')
          .select(['run_uuid', 'key', 'value', 'is_nan', 'timestamp', 'step'])
          .where('run_uuid', 'in', ids),
      lengths,
    ),
    params: keptQuery(
      (sql: Sql, { ids }: Ids) =>
        sql.selectFrom('params').select(['run_uuid', 'key', 'value']).where('run_uuid', 'in', ids),
      lengths,
    ),
    tags: keptQuery(
      (sql: Sql, { ids }: Ids) =>
        sql.selectFrom('tags').select(['run_uuid', 'key', 'value']).where('run_uuid', 'in', ids),
      lengths,
    ),
    datasets: keptQuery(
      (sql: Sql, { ids }: Ids) =>
        sql
          .selectFrom('inputs')
          .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
          .leftJoin('input_tags', 'input_tags.input_uuid', 'inputs.input_uuid')
          .select(['inputs.destination_id as run_id', 'inputs.input_uuid', 'datasets.name', 'datasets.digest'])
          .select(['dataset_source_type', 'dataset_source', 'dataset_schema', 'dataset_profile'])
          .select(['input_tags.name as tag', 'input_tags.value as tag_value'])
          .where('inputs.destination_type', '=', 'RUN')
          .where('inputs.destination_id', 'in', ids)
          .where('inputs.source_type', '=', 'DATASET'),
      lengths,
    ),
    modelLinks: keptQuery(
      (sql: Sql, { ids }: Ids) =>
        sql
          .selectFrom('inputs')
          .select(['source_id', 'destination_type', 'destination_id', 'step'])
          .where('source_type', 'in', ['RUN_INPUT', 'RUN_OUTPUT'])
          .where('source_id', 'in', ids)
          .where('destination_type', 'in', ['MODEL_INPUT', 'MODEL_OUTPUT']),
      lengths,
    ),
  }
}
