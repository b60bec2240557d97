// Where a version's files lie, if its source names them by a run or by another model instead of an address.
import { type Sql, WORKSPACE } from './schema.ts'

/** How many names may stand for each other: copies of copies. */
const MAX_STEPS = 10

/**
 * The address that a source stands for: `runs:/<run>/model`, `models:/m-<id>` and `models:/<name>/<version>` name what has one. A name of
 * what is not there, or not any more, stands for itself, as every other address does.
 */
export async function addressOf(sql: Sql, source: string): Promise<string> {
  let address = source
  for (let step = 0; step < MAX_STEPS; step++) {
    const next = await named(sql, address)
    if (next === null) return address
    address = next
  }
  return address
}

async function named(sql: Sql, source: string): Promise<string | null> {
  const [, run, path = ''] = /^runs:\/([^/]+)(\/.*)?$/.exec(source) ?? []
  if (run !== undefined) return runFolder(sql, run, path)
  const model = /^models:\/(m-[0-9a-f]{32})$/.exec(source)?.[1]
  if (model !== undefined) return modelFolder(sql, model)
  const [, name, version] = /^models:\/([^/]+)\/(\d{1,9})$/.exec(source) ?? []
  return name === undefined ? null : versionFolder(sql, name, Number(version))
}

async function runFolder(sql: Sql, runId: string, path: string): Promise<string | null> {
  const row = await sql.selectFrom('runs').select('artifact_uri').where('run_uuid', '=', runId).executeTakeFirst()
  return row?.artifact_uri ? `${row.artifact_uri}${path.replace(/\/$/, '')}` : null
}

async function modelFolder(sql: Sql, modelId: string): Promise<string | null> {
  const models = sql.selectFrom('logged_models').select('artifact_location')
  return (await models.where('model_id', '=', modelId).executeTakeFirst())?.artifact_location ?? null
}

async function versionFolder(sql: Sql, name: string, version: number): Promise<string | null> {
  const row = await sql
    .selectFrom('model_versions')
    .select(['storage_location', 'source'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .where('version', '=', version)
    .executeTakeFirst()
  return row?.storage_location ?? row?.source ?? null
}
