// Artifacts as the server hands them out and takes them in: by their path in the served store, or by the run, version or logged model
// that they belong to.
import { isPath } from '../artifacts/path.ts'
import type { ArtifactStore, OpenArtifact } from '../artifacts/port.ts'
import { isPlanned } from '../kernel/errors.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireFile } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid, notThere } from './error.ts'
import { checkPlaceUnsealed, noRun } from './open-runs.ts'
import { versionRow } from './registry-rows.ts'
import { decodedOnce, safePath } from './safe-path.ts'

/** Which bytes to read, as `ArtifactStore.read` has it. */
export interface ByteRange {
  readonly from?: number
  readonly to?: number
}

interface RunFolder {
  readonly run_id: string
  readonly path?: string | undefined
}

interface VersionId {
  readonly name: string
  readonly version: string
}

interface ModelFolder {
  readonly model_id: string
  readonly path?: string | undefined
}

interface FileList {
  readonly root_uri?: string
  readonly files?: readonly WireFile[]
}

/**
 * Each checks the path that it is given as `safePath` does. An artifact that is absent is `RESOURCE_DOES_NOT_EXIST`; a folder is listed,
 * and an absent one lists nothing.
 */
export function artifactOperations(context: StoreContext) {
  return { ...servedArtifacts(context), ...ownedArtifacts(context) }
}

/** By path in the served store, as `mlflow-artifacts:/…` names it. */
function servedArtifacts({ database, artifacts }: StoreContext) {
  return {
    async openArtifact(path: string, range?: ByteRange): Promise<OpenArtifact> {
      return open(artifacts, inside('', path), range, safePath(path))
    },

    async listFolder(path: string): Promise<FileList> {
      return { ...filesOr(await listed(artifacts, inside('', path), '')) }
    },

    /** Stores a file as it comes. Nothing of it is seen, or stays, unless it comes whole. The pieces are the store's own from then on. */
    async writeArtifact(path: string, source: AsyncIterable<Uint8Array>, expectedBytes?: number): Promise<void> {
      if (path === '' || decodedOnce(path).endsWith('/'))
        throw invalid("Artifact path must include a filename (cannot end with '/').")
      const place = inside('', path)
      const checkOwners = () => checkPlaceUnsealed(database.sql, place)
      await checkOwners() // a run may end while a file comes, so it is asked about again at the end
      const options = { expectedBytes, takesPieces: true, beforeVisible: checkOwners }
      await inWords(() => artifacts.write(place, source, options))
    },

    /** Deletes a file or all of a folder; an absent one is deleted already. */
    async deleteArtifacts(path: string): Promise<void> {
      const place = inside('', path)
      if (place === '') throw invalid('Invalid path')
      const below = await inWords(() => artifacts.list(place))
      await checkPlaceUnsealed(database.sql, [place, ...below.map((file) => file.path)].join('/'))
      await inWords(() => artifacts.deleteAll(place))
    },
  }
}

/** By what they belong to, with paths that are relative to its folder. A path is looked at before its owner is. */
function ownedArtifacts({ database: { sql }, addresses }: StoreContext) {
  const list = async (owner: Owner, path: string): Promise<FileList> => {
    const relative = safePath(path)
    const found = await owner(sql)
    const { artifacts, path: root } = addresses.placeToRead(found.uri) ?? outOfReach(found)
    return { root_uri: addresses.shown(found.uri), ...filesOr(await listed(artifacts, inside(root, path), relative)) }
  }
  const openIn = async (owner: Owner, path: string, range?: ByteRange): Promise<OpenArtifact> => {
    const relative = safePath(path)
    const found = await owner(sql)
    const { artifacts, path: root } = addresses.placeToRead(found.uri) ?? outOfReach(found)
    return open(artifacts, inside(root, path), range, relative)
  }
  return {
    listRunArtifacts: ({ run_id, path = '' }: RunFolder): Promise<FileList> => list(run(run_id), path),

    listLoggedModelArtifacts: ({ model_id, path = '' }: ModelFolder): Promise<FileList> =>
      list(loggedModel(model_id), path),

    openRunArtifact: (runId: string, path: string, range?: ByteRange): Promise<OpenArtifact> =>
      openIn(run(runId), path, range),

    openLoggedModelArtifact: (modelId: string, path: string, range?: ByteRange): Promise<OpenArtifact> =>
      openIn(loggedModel(modelId), path, range),

    openVersionArtifact: (version: VersionId, path: string, range?: ByteRange): Promise<OpenArtifact> =>
      openIn(modelVersion(version), path, range),

    async writeRunArtifact(runId: string, path: string, bytes: Uint8Array): Promise<void> {
      safePath(path)
      const found = await run(runId)(sql)
      const { artifacts, path: root } = addresses.place(found.uri) ?? outOfReach(found)
      const place = inside(root, path)
      // Its own folder may have been put among another run's files.
      const checkOwners = () => checkPlaceUnsealed(sql, `${runId}/${place}`)
      await checkOwners()
      await inWords(() => artifacts.write(place, ReadableStream.from([bytes]), { beforeVisible: checkOwners }))
    },
  }
}

/** What files belong to: where they lie, and how it is called. Throws `RESOURCE_DOES_NOT_EXIST` if there is no such thing. */
type Owner = (sql: Sql) => Promise<Found>

interface Found {
  readonly uri: string
  readonly name: string
}

function run(runId: string): Owner {
  return async (sql) => {
    const row = await sql.selectFrom('runs').select('artifact_uri').where('run_uuid', '=', runId).executeTakeFirst()
    if (row === undefined) throw noRun(runId)
    return { uri: row.artifact_uri ?? '', name: `run ${runId}` }
  }
}

function loggedModel(modelId: string): Owner {
  return async (sql) => {
    const row = await sql
      .selectFrom('logged_models')
      .select('artifact_location')
      .where('model_id', '=', modelId)
      .where('lifecycle_stage', '!=', 'deleted')
      .executeTakeFirst()
    if (row === undefined) throw notThere(`Logged model with ID '${modelId}' not found.`)
    return { uri: row.artifact_location, name: `logged model ${modelId}` }
  }
}

function modelVersion({ name, version }: VersionId): Owner {
  return async (sql) => {
    const row = await versionRow(sql, name, version)
    return { uri: row.storage_location || row.source || '', name: `version ${version} of ${name}` }
  }
}

function outOfReach({ uri, name }: Found): never {
  throw invalid(`The artifacts of ${name} lie at '${uri}', which this server does not reach. Use a client that does.`)
}

/** The path of a file in the store, below a folder of it. Throws "Invalid path" for one that is not safe, or that no store takes. */
function inside(folder: string, path: string): string {
  const below = safePath(path)
  const place = folder === '' ? below : below === '' ? folder : `${folder}/${below}`
  if (place !== '' && !isPath(place)) throw invalid('Invalid path')
  return place
}

async function open(
  artifacts: ArtifactStore,
  place: string,
  range: ByteRange | undefined,
  asked: string,
): Promise<OpenArtifact> {
  try {
    return await inWords(() => artifacts.read(place, range))
  } catch (error) {
    if (!isPlanned(error, 'NOT_FOUND')) throw error
    const isFolder = (await artifacts.folder(place)).length > 0
    if (isFolder) throw invalid(`Artifact path refers to a directory, not a file: '${asked}'`)
    throw notThere(`No such artifact: '${asked}'`)
  }
}

async function listed(artifacts: ArtifactStore, place: string, shownBelow: string): Promise<readonly WireFile[]> {
  const entries = await inWords(() => artifacts.folder(place))
  return entries.map(({ name, bytes }) => ({
    path: shownBelow === '' ? name : `${shownBelow}/${name}`,
    is_dir: bytes === null,
    ...(bytes === null ? {} : { file_size: bytes }),
  }))
}

/** A list as it is written: one that is empty is left out. */
function filesOr(files: readonly WireFile[]): { files?: readonly WireFile[] } {
  return files.length === 0 ? {} : { files }
}

/** Says a link that leads out in MLflow's words, which do not tell strangers where it leads. */
async function inWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isPlanned(error, 'BAD_INPUT') || error.facts.link === undefined) throw error
    throw invalid('Invalid path: resolved path is outside the artifact directory')
  }
}
