// Where the files of a new version may lie. What a client names as a version's source is handed out later, so it has to lie within the run
// or the logged model that the client names with it, however it is spelt; only addresses in object stores are taken as they are.
import type { Sql } from '../tracking/schema.ts'
import type { Addresses } from './addresses.ts'
import { aliasedRow } from './aliases.ts'
import { invalid, MlflowError, notThere } from './error.ts'
import { foreignHostMessage, foreignHostScheme } from './host-addressed.ts'
import { checkLength } from './limits.ts'
import { isOnThisMachine, placeInside, placeOf } from './local-place.ts'
import { latestRows, type VersionRow } from './read-registry.ts'
import { stageNamed } from './registry-names.ts'
import { isPromptModel, modelRow, versionRow } from './registry-rows.ts'
import { isSafePath, spellingsOf } from './safe-path.ts'
import { type Uri, uriOf } from './uri.ts'

/** Characters that the column of sources holds. */
const MAX_SOURCE = 500

/** What a prompt names as its source, which has no files. */
const PROMPT_SOURCES = ['dummy-source', 'prompt-template']

/** What a client says of a new version's files. */
export interface SourceRequest {
  readonly source: string
  readonly runId: string | undefined
  readonly modelId: string | undefined
  readonly isPrompt: boolean
}

/** What is kept of it. */
export interface VersionSource {
  readonly source: string
  /** Where the files really lie. */
  readonly storageLocation: string
  /** '' for none. */
  readonly runId: string
  /** The logged model that it is made of, as the client said. */
  readonly modelId: string | undefined
}

interface Reader {
  readonly sql: Sql
  readonly addresses: Addresses
}

/** Checks a source and finds where it leads. Throws `INVALID_PARAMETER_VALUE` for what is not allowed, `RESOURCE_DOES_NOT_EXIST` for what is not there. */
export async function resolveSource(reader: Reader, request: SourceRequest): Promise<VersionSource> {
  const found = request.isPrompt ? promptSource(request) : await modelSource(reader, request)
  checkLength('source', found.source, MAX_SOURCE)
  checkLength('storage_location', found.storageLocation, MAX_SOURCE)
  return found
}

function promptSource({ source, runId, modelId }: SourceRequest): VersionSource {
  if (!PROMPT_SOURCES.includes(source)) {
    throw invalid(`Invalid prompt source: '${source}'. Prompt sources must use an MLflow placeholder.`)
  }
  return { source, storageLocation: source, runId: runId ?? '', modelId }
}

async function modelSource(reader: Reader, request: SourceRequest): Promise<VersionSource> {
  const { source, modelId } = request
  const foreign = foreignHostScheme(source, reader.addresses.defaultRoot)
  if (foreign !== null) throw invalid(foreignHostMessage('source', foreign))
  const uri = uriOf(source)
  if (uri.scheme === 'models') {
    const copied = await versionNamedBy(reader.sql, source, uri)
    if (copied !== null) return copyOf(request, copied)
  }
  if (isLocal(uri, source)) await checkLocal(reader, request)
  else await checkRemote(reader, request, uri)
  const model = modelId ? await loggedModel(reader.sql, modelId) : undefined
  return {
    source,
    storageLocation: uri.scheme === 'models' ? (model?.artifact_location ?? source) : tidied(source, uri),
    runId: request.runId || model?.source_run_id || '',
    modelId: modelId || undefined,
  }
}

/** A served address without doubled slashes and those at its end, which are no part of a path in the store. */
function tidied(source: string, { scheme, path }: Uri): string {
  return scheme === 'mlflow-artifacts' ? `${scheme}:${oneSlash(path)}` : source
}

function oneSlash(path: string): string {
  return path.replace(/\/{2,}/g, '/').replace(/\/$/, '')
}

/** The version that `models:/name/1`, `…/Production`, `…/latest` or `models:/name@alias` stands for; null for `models:/m-…`. */
async function versionNamedBy(sql: Sql, source: string, { authority, path }: Uri): Promise<VersionRow | null> {
  if (authority !== null) {
    throw invalid(
      `Invalid model version source: '${source}'. Registered model sources must use the active model registry.`,
    )
  }
  const parts = path.replace(/^\/+/, '').split('/')
  const [first = '', suffix] = parts
  const isShaped = path.startsWith('/') && parts.length <= 2 && first.trim() !== '' && suffix?.trim() !== ''
  if (!isShaped) throw outside(source, 'model_id')
  const alias = suffix === undefined ? /^(.*)@([^@]*)$/s.exec(first) : null
  if (suffix === undefined && alias === null) return null
  const name = alias?.[1] ?? first
  await modelRow(sql, name)
  if (await isPromptModel(sql, name)) {
    throw invalid(`Invalid model version source: '${source}'. Prompt versions cannot be used as model version sources.`)
  }
  if (alias !== null) return aliasedRow(sql, name, alias[2] ?? '')
  if (/^\d+$/.test(suffix ?? '')) return versionRow(sql, name, suffix ?? '')
  return newestVersion(sql, name, suffix ?? '')
}

async function newestVersion(sql: Sql, name: string, suffix: string): Promise<VersionRow> {
  const latest = await latestRows(sql, [name])
  const stage = suffix.toLowerCase() === 'latest' ? null : stageNamed(suffix)
  const row = latest.findLast(({ current_stage }) => stage === null || current_stage === stage)
  if (row !== undefined) return row
  throw notThere(`No versions of model with name '${name}'${stage === null ? '' : ` and stage '${suffix}'`} found`)
}

/** A copy of a version: its run is the same, and its files lie where the first one's lie. */
function copyOf({ source, runId, modelId }: SourceRequest, row: VersionRow): VersionSource {
  const ownModel = /^models:\/(m-[0-9a-f]{32})$/.exec(row.source ?? '')?.[1] ?? ''
  const isOtherRun = runId !== undefined && runId !== (row.run_id ?? '')
  const isOtherModel = modelId !== undefined && modelId !== '' && modelId !== ownModel
  if (isOtherRun || isOtherModel) {
    throw invalid(
      `Invalid model version source: '${source}'. The run_id and model_id request parameters must match the referenced model version.`,
    )
  }
  return {
    source: `models:/${row.name}/${row.version}`,
    storageLocation: row.storage_location ?? row.source ?? '',
    runId: row.run_id ?? '',
    modelId: modelId || undefined,
  }
}

/** Whether an address is one of this machine's files. */
function isLocal(uri: Uri, source: string): boolean {
  if (isOnThisMachine(uri)) return true
  if (uri.scheme !== 'file') return false
  // MLflow answers a server's error here, and its clients are tested for it.
  throw new MlflowError(
    'INTERNAL_ERROR',
    `${source} is not a valid remote uri. Name a file of the server's own machine.`,
  )
}

async function checkLocal({ sql }: Reader, { source, runId, modelId }: SourceRequest): Promise<void> {
  const owner = modelId ? 'model_id' : 'run_id'
  const root = modelId
    ? (await modelOrOutside(sql, modelId, source)).artifact_location
    : runId
      ? await artifactsOfRun(sql, runId, source)
      : null
  if (root !== null && (await placeInside(root, source))) return
  const place = root === null ? source : (placeOf(source) ?? source)
  throw invalid(
    `Invalid model version source: '${place}'. To use a local path as a model version source, the ${owner} request parameter has to be ` +
      `specified and the local path has to be contained within the artifact directory of the ${modelId ? 'model' : 'run'} specified by the ${owner}.`,
  )
}

async function checkRemote(reader: Reader, request: SourceRequest, uri: Uri): Promise<void> {
  const { source, runId, modelId } = request
  checkPlain(source, uri)
  const owner = modelId ? 'model_id' : 'run_id'
  const isElsewhere = uri.authority !== null || uri.rest !== ''
  switch (uri.scheme) {
    case 'runs':
      if (modelId || isElsewhere || !runId || uri.path.split('/')[1] !== runId) throw outside(source, owner)
      return
    case 'models':
      if (isElsewhere || !modelId || uri.path !== `/${modelId}`) throw outside(source, 'model_id')
      return
    case 'mlflow-artifacts': {
      const root = modelId
        ? (await modelOrOutside(reader.sql, modelId, source)).artifact_location
        : runId
          ? await artifactsOfRun(reader.sql, runId, source)
          : null
      if (root === null || !isBelow(reader.addresses, root, uri)) throw outside(source, owner)
      return
    }
    default:
      return // an object store's address, which the client's own library opens
  }
}

/** Refuses parts that climb, NUL, backslashes and control characters in any spelling, and what is no absolute path. */
function checkPlain(source: string, { path }: Uri): void {
  const isPlain = spellingsOf(source)?.every(
    (spelling) => !/[\p{Cc}\\]/u.test(spelling) && !spelling.split(/[/?#]/).some((part) => /^\s*\.\.?\s*$/.test(part)),
  )
  if (isPlain === true && /^\/+[^/]/.test(path)) return
  throw invalid(
    `Invalid model version source: '${source}'. If supplying a source as an http, https, local file path, ftp, objectstore, or ` +
      'mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.',
  )
}

/** Whether an address that goes through the server lies at or below one of the database. */
function isBelow(addresses: Addresses, root: string, { path, rest }: Uri): boolean {
  const own = addresses.pathOf(root)
  const asked = addresses.pathOf(`mlflow-artifacts:${oneSlash(path)}`)
  if (own === null || own === '' || asked === null || rest !== '' || !isSafePath(asked)) return false
  return asked === own || asked.startsWith(`${own}/`)
}

/** The address of a run's artifacts; a run that is not there contains nothing. */
async function artifactsOfRun(sql: Sql, runId: string, source: string): Promise<string> {
  const row = await sql.selectFrom('runs').select('artifact_uri').where('run_uuid', '=', runId).executeTakeFirst()
  if (row === undefined) throw outside(source, 'run_id')
  return row.artifact_uri ?? ''
}

interface SourceModel {
  readonly artifact_location: string
  readonly source_run_id: string | null
}

async function modelOrOutside(sql: Sql, modelId: string, source: string): Promise<SourceModel> {
  const row = await findLoggedModel(sql, modelId)
  if (row === undefined) throw outside(source, 'model_id')
  return row
}

async function loggedModel(sql: Sql, modelId: string): Promise<SourceModel> {
  const row = await findLoggedModel(sql, modelId)
  if (row === undefined) throw notThere(`Logged model with ID '${modelId}' not found.`)
  return row
}

async function findLoggedModel(sql: Sql, modelId: string): Promise<SourceModel | undefined> {
  return sql
    .selectFrom('logged_models')
    .select(['artifact_location', 'source_run_id'])
    .where('model_id', '=', modelId)
    .where('lifecycle_stage', '!=', 'deleted')
    .executeTakeFirst()
}

function outside(source: string, field: 'run_id' | 'model_id'): MlflowError {
  return invalid(
    `Invalid model version source: '${source}'. The ${field} request parameter must identify the resource that contains the source.`,
  )
}
