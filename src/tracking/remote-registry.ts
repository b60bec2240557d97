// Registered models and their versions on a server.

import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { sha256 } from '../kernel/json.ts'
import { fileIn } from './locate.ts'
import { checkModelName, checkText, checkVersionTag } from './names.ts'
import type { ModelVersion, Tracking } from './port.ts'
import { filesAt } from './remote-artifacts.ts'
import { readBook } from './remote-book.ts'
import type { RemoteContext } from './remote-context.ts'
import { findRequested, readRun } from './remote-create-run.ts'
import { type Ledger, writeOnce } from './remote-ledger.ts'
import {
  hasModel,
  OneVersion,
  readAliases,
  readLatest,
  readModels,
  readVersion,
  readVersions,
  versionsRequested,
} from './remote-versions.ts'
import { Nothing, pairs, REQUEST_TAG, type RunRead, type VersionRead, versionOf } from './remote-wire.ts'
import { isRefusal } from './rest-errors.ts'

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

export function remoteRegistry(context: RemoteContext, ledger: Ledger): Registry {
  const { rest } = context
  return {
    models: () => readModels(context),
    registerVersion: (registration, effect) => registerVersion(context, ledger, registration, effect),
    version: async (name, version) => only(await readVersion(context, name, version)),
    versions: async (name) => (await readVersions(context, name)).map(only),
    latestVersions: async (name) => (await readLatest(context, name)).flatMap((read) => versionOf(read) ?? []),
    aliases: (name) => readAliases(context, name),
    async setVersionTags(name, version, tags) {
      for (const [key, value] of Object.entries(tags)) checkVersionTag(key, value)
      await readVersion(context, name, version)
      for (const { key, value } of pairs(tags)) {
        await rest.post('model-versions/set-tag', { name, version: String(version), key, value }, Nothing)
      }
    },
    async readModelFile(name, version, path) {
      await readVersion(context, name, version)
      const { artifact_uri } = await rest.get('model-versions/get-download-uri', { name, version }, Download)
      return await filesAt(context, artifact_uri, `the model ${name} v${version}`).get(path)
    },
  }
}

const Download = z.object({ artifact_uri: z.string() })

/** Registers a version under the next number that was never given; under an effect's key once. */
async function registerVersion(
  context: RemoteContext,
  ledger: Ledger,
  registration: Registration,
  effect: string | undefined,
): Promise<ModelVersion> {
  const { name, runId, path, description = '', tags = {} } = registration
  checkModelName(name)
  checkText('description', description, { max: 5000, mayBeBlank: true })
  for (const [key, value] of Object.entries(tags)) checkVersionTag(key, value)
  const run = await readRun(context, runId)
  const request = effect === undefined ? newId() : sha256(effect)
  if (effect !== undefined) {
    const [earlier] = await versionsRequested(context, name, request)
    if (earlier !== undefined && (await isNew(context, ledger, earlier, request))) return asRegistered(earlier, tags)
    if (earlier === undefined) await refuseOtherUse(context, run, effect, request)
  }
  const source = await sourceOf(context, run, path)
  const body = { name, source, run_id: runId, description, tags: pairs({ ...tags, [REQUEST_TAG]: request }) }
  for (;;) {
    const made = await createVersion(context, body, request)
    if (!(await isNew(context, ledger, made, request))) {
      await deleteVersion(context, made) // MLflow counts from 1 again once a whole model was deleted
      continue
    }
    const [first] = effect === undefined ? [made] : await versionsRequested(context, name, request)
    if (first !== undefined && first.version !== made.version) await deleteVersion(context, made) // somebody was quicker
    return asRegistered(first ?? made, tags)
  }
}

/** Whether a number belongs to this registration: it was never given to another version, deleted ones included. */
async function isNew(
  context: RemoteContext,
  ledger: Ledger,
  { name, version }: VersionRead,
  request: string,
): Promise<boolean> {
  const runId = await ledger.bookOf(name, { make: true })
  if (runId === null) throw new Error('a book that is to be made is there')
  const { recorded } = await readBook(context, ledger, name)
  const owner = await writeOnce(context, runId, `version.${String(version).padStart(6, '0')}`, request)
  return owner === request && !recorded.has(version)
}

async function createVersion(
  context: RemoteContext,
  body: { name: string } & Record<string, unknown>,
  request: string,
): Promise<VersionRead> {
  if (!(await hasModel(context, body.name))) await makeModel(context, body.name)
  const found = await context.rest.create('model-versions/create', body, OneVersion, async () => {
    const [earlier] = await versionsRequested(context, body.name, request)
    return earlier === undefined ? null : { model_version: earlier }
  })
  return found.model_version
}

async function makeModel({ rest }: RemoteContext, name: string): Promise<void> {
  try {
    await rest.post('registered-models/create', { name }, Nothing) // a second time it is there, which is all that is wanted
  } catch (error) {
    if (!isRefusal(error, 'RESOURCE_ALREADY_EXISTS')) throw error
  }
}

async function deleteVersion({ rest }: RemoteContext, { name, version }: VersionRead): Promise<void> {
  try {
    await rest.send('DELETE', 'model-versions/delete', { name, version: String(version) }, Nothing)
  } catch (error) {
    if (!isRefusal(error, 'RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND')) throw error
  }
}

async function refuseOtherUse(context: RemoteContext, run: RunRead, effect: string, request: string): Promise<void> {
  if ((await findRequested(context, run.info.experiment_id, request)).length === 0) return
  throw new PlannedError(
    'CONFLICT',
    `the effect key "${effect}" was used to start a run and cannot register a version`,
    {
      next: 'give each effect its own key',
    },
  )
}

/** The address of a model's folder among a run's artifacts. Throws `NOT_FOUND` if nothing is in the folder. */
async function sourceOf(context: RemoteContext, { info }: RunRead, path: string): Promise<string> {
  const { artifact_uri: root, run_id: runId } = info
  const files = await filesAt(context, root, `the artifact folder of run ${runId}`).list(path)
  if (files.length === 0) {
    throw new PlannedError('NOT_FOUND', `run ${runId} has no artifacts in "${path}"`, {
      next: "log the model's files there before registering it",
    })
  }
  // A file's address is spelt as addresses are; the server's own takes a path as it is.
  return fileIn(root, root.startsWith('file:') ? path.split('/').map(encodeURIComponent).join('/') : path)
}

/** What registering it returned: what came later is left out. */
function asRegistered(read: VersionRead, tags: Readonly<Record<string, string>>): ModelVersion {
  const version = only(read)
  const given = Object.entries(version.tags).filter(([key]) => Object.hasOwn(tags, key))
  return { ...version, stage: 'None', tags: Object.fromEntries(given) }
}

function only(read: VersionRead): ModelVersion {
  const version = versionOf(read)
  if (version === null) throw new Error('deleted versions were left out')
  return version
}
