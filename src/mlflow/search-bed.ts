// What the tests of searches share: a store whose rows have readable ids, written straight into the tables.
import type { ArtifactStore } from '../artifacts/port.ts'
import { systemClock } from '../kernel/clock.ts'
import { openStore } from '../tracking/open-store.ts'
import type { Sql } from '../tracking/schema.ts'
import { openAddresses } from './addresses.ts'
import type { StoreContext } from './context.ts'

type Texts = Readonly<Record<string, string>>

interface BedRun {
  readonly experiment?: number
  readonly name?: string
  readonly status?: string
  readonly user?: string
  readonly startMs?: number
  readonly endMs?: number
  readonly isDeleted?: boolean
  /** NaN is stored as MLflow stores it. */
  readonly metrics?: Readonly<Record<string, number>>
  readonly params?: Texts
  readonly tags?: Texts
  readonly datasets?: readonly { readonly name: string; readonly digest: string; readonly context?: string }[]
}

interface BedLoggedModel {
  readonly experiment?: number
  readonly name?: string
  readonly type?: string
  /** 1 pending, 2 ready, 3 upload failed. */
  readonly status?: number
  readonly createdMs?: number
  readonly isDeleted?: boolean
  readonly params?: Texts
  readonly tags?: Texts
  readonly metrics?: readonly {
    key: string
    value: number
    atMs: number
    dataset?: readonly [name: string, digest: string]
  }[]
}

export interface SearchBed extends AsyncDisposable {
  readonly context: StoreContext
  experiment(
    id: number,
    of: { name: string; tags?: Texts; isDeleted?: boolean; createdMs?: number | null },
  ): Promise<void>
  run(id: string, of: BedRun): Promise<void>
  model(name: string, of: { tags?: Texts; updatedMs?: number }): Promise<void>
  version(
    name: string,
    version: number,
    of: { tags?: Texts; runId?: string; source?: string; stage?: string; updatedMs?: number },
  ): Promise<void>
  loggedModel(id: string, of: BedLoggedModel): Promise<void>
}

/** An empty store in memory, but for experiment 0. */
export async function openSearchBed(artifacts: ArtifactStore): Promise<SearchBed> {
  const database = await openStore(':memory:', { nowMs: 1, defaultLocation: 'mlflow-artifacts:/0' })
  const { sql } = database
  return {
    context: { database, artifacts, addresses: openAddresses(artifacts, null), clock: systemClock },
    experiment: (id, of) => writeExperiment(sql, id, of),
    run: (id, of) => writeRun(sql, id, of),
    model: async (name, { tags = {}, updatedMs = 1 }) => {
      const times = { creation_time: 1, last_updated_time: updatedMs }
      await sql
        .insertInto('registered_models')
        .values({ name, description: '', ...times })
        .execute()
      for (const [key, value] of Object.entries(tags)) {
        await sql.insertInto('registered_model_tags').values({ name, key, value }).execute()
      }
    },
    version: (name, version, of) => writeVersion(sql, name, version, of),
    loggedModel: (id, of) => writeLoggedModel(sql, id, of),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  }
}

async function writeExperiment(
  sql: Sql,
  id: number,
  { name, tags = {}, isDeleted = false, createdMs = id }: Parameters<SearchBed['experiment']>[1],
): Promise<void> {
  const times = { creation_time: createdMs, last_update_time: createdMs }
  const stage = { lifecycle_stage: isDeleted ? 'deleted' : 'active' }
  const location = `mlflow-artifacts:/${id}`
  await sql
    .insertInto('experiments')
    .values({ experiment_id: id, name, artifact_location: location, ...times, ...stage })
    .execute()
  for (const [key, value] of Object.entries(tags)) {
    await sql.insertInto('experiment_tags').values({ experiment_id: id, key, value }).execute()
  }
}

async function writeRun(sql: Sql, id: string, run: BedRun): Promise<void> {
  const {
    experiment = 0,
    name = id,
    status = 'FINISHED',
    user = '',
    startMs = 0,
    endMs = null,
    isDeleted = false,
  } = run
  await sql
    .insertInto('runs')
    .values({
      ...{ run_uuid: id, name, source_type: 'UNKNOWN', source_name: '', entry_point_name: '', source_version: '' },
      ...{ user_id: user, status, start_time: startMs, end_time: endMs, experiment_id: experiment },
      ...{ lifecycle_stage: isDeleted ? 'deleted' : 'active', artifact_uri: `mlflow-artifacts:/0/${id}/artifacts` },
    })
    .execute()
  for (const [key, value] of Object.entries({ 'mlflow.runName': name, ...run.tags })) {
    await sql.insertInto('tags').values({ run_uuid: id, key, value }).execute()
  }
  for (const [key, value] of Object.entries(run.params ?? {})) {
    await sql.insertInto('params').values({ run_uuid: id, key, value }).execute()
  }
  for (const [key, value] of Object.entries(run.metrics ?? {})) {
    const isNan = Number.isNaN(value)
    const point = { timestamp: 0, step: 0, value: isNan ? 0 : value, is_nan: Number(isNan) }
    await sql
      .insertInto('latest_metrics')
      .values({ run_uuid: id, key, ...point })
      .execute()
  }
  for (const [place, dataset] of (run.datasets ?? []).entries())
    await writeInput(sql, id, `${id}-${place}`, experiment, dataset)
}

async function writeInput(
  sql: Sql,
  runId: string,
  uuid: string,
  experiment: number,
  { name, digest, context }: { readonly name: string; readonly digest: string; readonly context?: string },
): Promise<void> {
  const known = await sql
    .selectFrom('datasets')
    .select('dataset_uuid')
    .where('name', '=', name)
    .where('digest', '=', digest)
    .executeTakeFirst()
  if (known === undefined) {
    const from = { dataset_source_type: 'local', dataset_source: '{}', dataset_schema: null, dataset_profile: null }
    await sql
      .insertInto('datasets')
      .values({ dataset_uuid: uuid, experiment_id: experiment, name, digest, ...from })
      .execute()
  }
  const link = { source_type: 'DATASET', destination_type: 'RUN', destination_id: runId }
  await sql
    .insertInto('inputs')
    .values({ input_uuid: uuid, source_id: known?.dataset_uuid ?? uuid, ...link })
    .execute()
  if (context === undefined) return
  await sql.insertInto('input_tags').values({ input_uuid: uuid, name: 'mlflow.data.context', value: context }).execute()
}

async function writeVersion(
  sql: Sql,
  name: string,
  version: number,
  { tags = {}, runId = '', source = '', stage = 'None', updatedMs = version }: Parameters<SearchBed['version']>[2],
): Promise<void> {
  const times = { creation_time: version, last_updated_time: updatedMs }
  const place = { source, run_id: runId, storage_location: source, user_id: null }
  await sql
    .insertInto('model_versions')
    .values({ name, version, description: '', current_stage: stage, status: 'READY', ...times, ...place })
    .execute()
  for (const [key, value] of Object.entries(tags)) {
    await sql.insertInto('model_version_tags').values({ name, version, key, value }).execute()
  }
}

async function writeLoggedModel(sql: Sql, id: string, model: BedLoggedModel): Promise<void> {
  const { experiment = 0, name = id, type = null, status = 2, createdMs = 0, isDeleted = false } = model
  const [model_id, experiment_id] = [id, experiment]
  await sql
    .insertInto('logged_models')
    .values({
      ...{ model_id, experiment_id, name, artifact_location: '', model_type: type, status, source_run_id: null },
      ...{ creation_timestamp_ms: createdMs, last_updated_timestamp_ms: createdMs, status_message: null },
      lifecycle_stage: isDeleted ? 'deleted' : 'active',
    })
    .execute()
  for (const [param_key, param_value] of Object.entries(model.params ?? {})) {
    await sql.insertInto('logged_model_params').values({ model_id, experiment_id, param_key, param_value }).execute()
  }
  for (const [tag_key, tag_value] of Object.entries(model.tags ?? {})) {
    await sql.insertInto('logged_model_tags').values({ model_id, experiment_id, tag_key, tag_value }).execute()
  }
  for (const { key, value, atMs, dataset = [null, null] } of model.metrics ?? []) {
    const point = { metric_name: key, metric_value: value, metric_timestamp_ms: atMs, metric_step: 0 }
    const on = { dataset_uuid: null, dataset_name: dataset[0], dataset_digest: dataset[1] }
    await sql
      .insertInto('logged_model_metrics')
      .values({ model_id, experiment_id, run_id: 'run', ...point, ...on })
      .execute()
  }
}
