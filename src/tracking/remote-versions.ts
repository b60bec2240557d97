// Versions of registered models as a server tells of them.
import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import type { RemoteContext } from './remote-context.ts'
import { REQUEST_TAG, type VersionRead, VersionShape, versionOf } from './remote-wire.ts'
import { isRefusal } from './rest-errors.ts'

const VERSIONS_AT_ONCE = 1000
const MODELS_AT_ONCE = 200
const PROMPT_TAG = 'mlflow.prompt.is_prompt'

export const OneVersion = z.object({ model_version: VersionShape })
const VersionPage = z.object({
  model_versions: z.array(VersionShape).default([]),
  next_page_token: z.string().optional(),
})
const keyValues = z.array(z.object({ key: z.string(), value: z.string().default('') })).default([])
const ModelPage = z.object({
  registered_models: z.array(z.object({ name: z.string(), tags: keyValues })).default([]),
  next_page_token: z.string().optional(),
})
const Model = z.object({
  registered_model: z.object({
    aliases: z
      .array(z.object({ alias: z.string(), version: z.union([z.string(), z.number()]).transform(Number) }))
      .default([]),
  }),
})

/** Every version of a model that was not deleted, newest first. */
export async function readVersions(context: RemoteContext, name: string): Promise<VersionRead[]> {
  const found = await searchVersions(context, nameFilter(name))
  return found
    .filter((version) => version.name === name && versionOf(version) !== null)
    .sort((a, b) => b.version - a.version)
}

/** The versions that were made for a request, of one model or of any, oldest first. */
export async function versionsRequested(
  context: RemoteContext,
  name: string | null,
  request: string,
): Promise<VersionRead[]> {
  const ofModel = name === null ? [] : [nameFilter(name)]
  const filter = [...ofModel, `tags."${REQUEST_TAG}" = '${request}'`].filter((part) => part !== '').join(' and ')
  const found = await searchVersions(context, filter)
  return found
    .filter((version) => (name === null || version.name === name) && versionOf(version) !== null)
    .sort((a, b) => a.version - b.version)
}

/** Throws `NOT_FOUND` if there is none, or none any more. */
export async function readVersion({ rest }: RemoteContext, name: string, version: number): Promise<VersionRead> {
  try {
    const { model_version: found } = await rest.get('model-versions/get', { name, version }, OneVersion)
    if (versionOf(found) !== null) return found
  } catch (error) {
    if (!isRefusal(error, 'RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND')) throw error
  }
  throw new PlannedError('NOT_FOUND', `there is no version ${version} of the model "${name}"`, {
    next: 'list its versions to see which there are',
    facts: { name, version },
  })
}

/** The newest version of each stage that has one; none for a model that does not exist. */
export async function readLatest({ rest }: RemoteContext, name: string): Promise<VersionRead[]> {
  const answer = await orNothing(rest.post('registered-models/get-latest-versions', { name }, VersionPage))
  return answer?.model_versions ?? []
}

/** The version that each alias of a model stands for; none for a model that does not exist. */
export async function readAliases(context: RemoteContext, name: string): Promise<Record<string, number>> {
  const aliases = (await readModel(context, name))?.aliases ?? []
  return Object.fromEntries(aliases.map(({ alias, version }) => [alias, version]))
}

export async function hasModel(context: RemoteContext, name: string): Promise<boolean> {
  return (await readModel(context, name)) !== null
}

async function readModel(
  { rest }: RemoteContext,
  name: string,
): Promise<z.infer<typeof Model>['registered_model'] | null> {
  return (await orNothing(rest.get('registered-models/get', { name }, Model)))?.registered_model ?? null
}

/** The registered models by name. MLflow keeps prompts among them, marked by a tag; they are no models. */
export async function readModels({ rest }: RemoteContext): Promise<string[]> {
  const names: string[] = []
  let page: string | undefined
  do {
    const query = { max_results: MODELS_AT_ONCE, ...(page === undefined ? {} : { page_token: page }) }
    const answer = await rest.get('registered-models/search', query, ModelPage)
    for (const { name, tags } of answer.registered_models) {
      if (!tags.some(({ key, value }) => key === PROMPT_TAG && value === 'true')) names.push(name)
    }
    page = answer.next_page_token
  } while (page !== undefined && page !== '')
  return names.sort()
}

async function searchVersions({ rest }: RemoteContext, filter: string): Promise<VersionRead[]> {
  const found: VersionRead[] = []
  let page: string | undefined
  do {
    const query = { filter, max_results: VERSIONS_AT_ONCE, ...(page === undefined ? {} : { page_token: page }) }
    const answer = await rest.get('model-versions/search', query, VersionPage)
    found.push(...answer.model_versions)
    page = answer.next_page_token
  } while (page !== undefined && page !== '')
  return found
}

/** The filter's language has no way to write both kinds of quotes in one text, nor a backslash: whoever asks looks once more. */
function nameFilter(name: string): string {
  if (name.includes('\\')) return ''
  if (!name.includes("'")) return `name = '${name}'`
  return name.includes('"') ? '' : `name = "${name}"`
}

async function orNothing<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (isRefusal(error, 'RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND')) return null
    throw error
  }
}
