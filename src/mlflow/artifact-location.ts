// Which places an experiment may be told to keep its artifacts in.
import { resolve } from 'node:path'
import { keptQuery } from '../database/kept-query.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import type { Sql } from '../tracking/schema.ts'
import type { Addresses } from './addresses.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { foreignHostMessage, foreignHostScheme, schemeOf } from './host-addressed.ts'
import { isInRun } from './open-runs.ts'
import { climbs, spellingsOf } from './safe-path.ts'

const MAX_LENGTH = 2048

/** A part of a path that is a logged model's id. */
const MODEL_ID = /^m-[0-9a-f]{32}$/

/** Schemes that name a model, a run or a program instead of a place. `runs:` has a refusal of MLflow's own. */
const NO_PLACES: readonly string[] = ['models', 'data', 'javascript', 'blob', 'about']

type Surroundings = Pick<StoreContext, 'addresses' | 'database'>

/**
 * Checks the `artifact_location` of a new experiment and returns it as it is kept: a path on this machine made absolute. Folders of this
 * machine and addresses through the server must lie below the configured roots, links followed, and not among the files of a run or a
 * logged model, which are theirs alone; stores in a cloud are taken as they are.
 *
 * Throws `INVALID_PARAMETER_VALUE`, in MLflow's words where MLflow refuses it too.
 */
export async function checkedArtifactLocation(
  location: string,
  { addresses, database }: Surroundings,
): Promise<string> {
  const scheme = schemeOf(location)
  const isLocal = scheme === '' || scheme === 'file'
  const isHere = isLocal || scheme === 'mlflow-artifacts'
  if (location.includes('#') || (location.includes(';') && (isHere || foreignHostScheme(location, null) !== null))) {
    throw invalid("'artifact_location' URL can't include fragments or params.")
  }
  checkQuery(location)
  const foreign = foreignHostScheme(location, addresses.defaultRoot)
  if (foreign !== null) throw invalid(foreignHostMessage('artifact_location', foreign))
  if (scheme === 'runs') throw invalid(`Artifact location cannot be a runs:/ URI. Given: '${location}'`)
  if (location.length > MAX_LENGTH) throw invalid(TOO_LONG)
  if (NO_PLACES.includes(scheme) || !isPlain(location)) throw invalid(`Invalid artifact location: '${location}'.`)
  if (!isHere) return location
  const kept = scheme === '' ? resolve(location) : location
  const path = await pathBelowRoots(kept, location, addresses)
  if ((await isInRun(database.sql, path)) || (await isInLoggedModel(database.sql, path))) {
    throw invalid(
      `Invalid artifact location: '${location}'. It lies among the files of a run or a logged model. Leave artifact_location out, or use ` +
        'a location of its own.',
    )
  }
  return kept
}

async function isInLoggedModel(sql: Sql, path: string): Promise<boolean> {
  for (const part of new Set(
    path
      .toLowerCase()
      .split('/')
      .filter((name) => MODEL_ID.test(name)),
  )) {
    if ((await modelById(sql, { modelId: part })).length > 0) return true
  }
  return false
}

const modelById = keptQuery((sql: Sql, { modelId }: { readonly modelId: string }) =>
  sql.selectFrom('logged_models').select('model_id').where('model_id', '=', modelId),
)

const TOO_LONG =
  'Invalid artifact path length. The length of the artifact path cannot be greater than ' +
  `${MAX_LENGTH} characters. To configure this limit, please set the MLFLOW_ARTIFACT_LOCATION_MAX_LENGTH environment variable.`

function checkQuery(location: string): void {
  const at = location.indexOf('?')
  if (at < 0) return
  const spellings = spellingsOf(location.slice(at + 1))
  if (spellings === null || spellings.some((query) => query.includes('..'))) throw invalid('Invalid query string')
}

/** No control characters and no blanks around it, which other programs cut off and read on; no half characters. */
function isPlain(location: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return !/[\x00-\x1f\x7f]/.test(location) && location === location.trim() && location.isWellFormed()
}

async function pathBelowRoots(kept: string, location: string, addresses: Addresses): Promise<string> {
  const refused = (why: string) =>
    invalid(
      `Invalid artifact location: '${location}'. ${why} This server keeps artifacts below its own artifact roots only: leave ` +
        'artifact_location out, or use a location below --default-artifact-root or --artifacts-destination.',
    )
  const place = kept.includes('?') || climbs(kept) ? null : addresses.placeNow(kept)
  if (place === null) throw refused('It does not lie below them.')
  try {
    await place.artifacts.folder(place.path)
    return place.path
  } catch (error) {
    if (isPlanned(error) && error.code === 'BAD_INPUT') throw refused(messageOf(error))
    throw error
  }
}
