// Registered models and their versions.
import { PlannedError } from '../kernel/errors.ts'
import type { Context } from './context.ts'
import { once } from './effects.ts'
import { fileIn, locate } from './locate.ts'
import { checkModelName, checkText, checkVersionTag } from './names.ts'
import type { ModelVersion, Stage, Tracking } from './port.ts'
import { runRow } from './read-runs.ts'
import { type Sql, WORKSPACE } from './schema.ts'
import { addressOf } from './source-address.ts'
import { DELETED_STAGE, stageOf } from './stages.ts'
import { takeVersionNumber } from './version-numbers.ts'

type Registry = Pick<
  Tracking,
  | 'models'
  | 'registerVersion'
  | 'version'
  | 'versions'
  | 'latestVersions'
  | 'aliases'
  | 'setVersionTags'
  | 'readModelFile'
>
type Registration = Parameters<Tracking['registerVersion']>[0]

export function registryOperations(context: Context): Registry {
  const { database, artifacts } = context
  return {
    models: () => modelNames(database.sql),
    registerVersion: (registration, effect) => registerVersion(context, registration, effect),
    async version(name, version) {
      return (await readVersion(database.sql, name, version)).version
    },
    async versions(name) {
      return (await readVersions(database.sql, name)).map((row) => row.version)
    },
    async latestVersions(name) {
      const numbers = await latestNumbers(database.sql, name)
      const found = await Promise.all(numbers.map((number) => readVersions(database.sql, name, number)))
      return found.flat().map((row) => row.version)
    },
    aliases: (name) => readAliases(database.sql, name),
    async setVersionTags(name, version, tags) {
      await database.transaction(async (trx) => {
        await readVersion(trx, name, version)
        await writeVersionTags(trx, name, version, tags)
      })
    },
    async readModelFile(name, version, path) {
      const { version: found, storage } = await readVersion(database.sql, name, version)
      const address = await addressOf(database.sql, storage)
      const folder = locate(artifacts, address, `the model ${name} v${found.version}`)
      return artifacts.get(fileIn(folder, path))
    },
  }
}

/** Registered models by name. MLflow keeps prompts in the same table, marked by a tag; they are no models. */
async function modelNames(sql: Sql): Promise<string[]> {
  const rows = await sql
    .selectFrom('registered_models')
    .select('name')
    .where('workspace', '=', WORKSPACE)
    .where('name', 'not in', (prompts) =>
      prompts
        .selectFrom('registered_model_tags')
        .select('registered_model_tags.name')
        .where('key', '=', 'mlflow.prompt.is_prompt')
        .where('value', '=', 'true'),
    )
    .orderBy('name')
    .execute()
  return rows.map((row) => row.name)
}

async function registerVersion(
  context: Context,
  registration: Registration,
  effect: Parameters<Tracking['registerVersion']>[1],
): Promise<ModelVersion> {
  const { name, runId, path, description = '', tags = {} } = registration
  checkModelName(name)
  checkText('description', description, { max: 5000, mayBeBlank: true })
  for (const [key, value] of Object.entries(tags)) checkVersionTag(key, value)
  const source = await sourceOf(context, runId, path)
  const nowMs = context.clock.nowMs()
  const run = async (trx: Sql): Promise<ModelVersion> => {
    const version = await nextNumber(trx, name, nowMs)
    await trx
      .insertInto('model_versions')
      .values({
        name,
        version,
        creation_time: nowMs,
        last_updated_time: nowMs,
        description,
        user_id: context.user,
        current_stage: 'None',
        source,
        run_id: runId,
        status: 'READY',
        storage_location: source,
      })
      .execute()
    await writeVersionTags(trx, name, version, tags)
    return (await readVersion(trx, name, version)).version
  }
  return context.database.transaction((trx) =>
    once(trx, { kind: 'register a version', effect, nowMs, run: () => run(trx) }),
  )
}

/** The address of a model's folder among a run's artifacts. Throws `NOT_FOUND` if there is no such run or nothing in the folder. */
async function sourceOf({ database, artifacts }: Context, runId: string, path: string): Promise<string> {
  const row = await runRow(database.sql, runId)
  const root = locate(artifacts, row.artifact_uri ?? '', `the artifact folder of run ${runId}`)
  const folder = path === '' ? root : fileIn(root, path)
  if ((await artifacts.list(folder)).length > 0) return artifacts.uri(folder)
  throw new PlannedError('NOT_FOUND', `run ${runId} has no artifacts in "${path}"`, {
    next: "log the model's files there before registering it",
  })
}

/** Takes the next number of a model, made if absent: one more than it ever had, whoever gave it. */
async function nextNumber(trx: Sql, name: string, nowMs: number): Promise<number> {
  await trx
    .insertInto('registered_models')
    .values({ name, creation_time: nowMs, last_updated_time: nowMs, description: null, workspace: WORKSPACE })
    .onConflict((conflict) => conflict.columns(['workspace', 'name']).doUpdateSet({ last_updated_time: nowMs }))
    .execute()
  return takeVersionNumber(trx, name)
}

async function writeVersionTags(
  trx: Sql,
  name: string,
  version: number,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [key, value] of Object.entries(tags)) {
    checkVersionTag(key, value)
    await trx
      .insertInto('model_version_tags')
      .values({ key, value, name, version, workspace: WORKSPACE })
      .onConflict((conflict) => conflict.columns(['workspace', 'key', 'name', 'version']).doUpdateSet({ value }))
      .execute()
  }
}

/** The highest number in each stage. Only these are looked at more closely: servers ask several times a second. */
async function latestNumbers(sql: Sql, name: string): Promise<readonly number[]> {
  const rows = await sql
    .selectFrom('model_versions')
    .select((row) => ['current_stage', row.fn.max('version').as('highest')])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .groupBy('current_stage')
    .execute()
  const highest = new Map<Stage, number>() // none, an empty stage and "None" are one and the same
  for (const row of rows.filter(({ current_stage }) => current_stage !== DELETED_STAGE)) {
    const stage = stageOf(row.current_stage)
    highest.set(stage, Math.max(highest.get(stage) ?? 0, row.highest))
  }
  return [...highest.values()]
}

async function readAliases(sql: Sql, name: string): Promise<Record<string, number>> {
  const rows = await sql
    .selectFrom('registered_model_aliases')
    .select(['alias', 'version'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .orderBy('alias')
    .execute()
  return Object.fromEntries(rows.map(({ alias, version }) => [alias, version]))
}

/** A version and where its files really lie (MLflow 3 may name them by a logged model's id in `source`). */
interface FoundVersion {
  readonly version: ModelVersion
  readonly storage: string
}

async function readVersion(sql: Sql, name: string, version: number): Promise<FoundVersion> {
  const [found] = await readVersions(sql, name, version)
  if (found !== undefined) return found
  throw new PlannedError('NOT_FOUND', `there is no version ${version} of the model "${name}"`, {
    next: 'list its versions to see which there are',
    facts: { name, version },
  })
}

/** The versions of a model, or the one of that number, newest first; those deleted in MLflow are left out. */
async function readVersions(sql: Sql, name: string, version?: number): Promise<FoundVersion[]> {
  const ofModel = sql
    .selectFrom('model_versions')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
  const wanted = version === undefined ? ofModel : ofModel.where('version', '=', version)
  const rows = await wanted.orderBy('version', 'desc').execute()
  const tagsOfModel = sql
    .selectFrom('model_version_tags')
    .selectAll()
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
  const tags = await (version === undefined ? tagsOfModel : tagsOfModel.where('version', '=', version)).execute()
  const tagsOf = Map.groupBy(tags, (tag) => tag.version)
  return rows
    .filter((row) => row.current_stage !== DELETED_STAGE)
    .map((row) => ({
      storage: row.storage_location || row.source || '',
      version: {
        name: row.name,
        version: row.version,
        stage: stageOf(row.current_stage),
        runId: row.run_id === '' ? null : row.run_id,
        source: row.source ?? '',
        description: row.description ?? '',
        createdAtMs: Number(row.creation_time ?? 0),
        tags: Object.fromEntries((tagsOf.get(row.version) ?? []).map((tag) => [tag.key, tag.value ?? ''] as const)),
      },
    }))
}
