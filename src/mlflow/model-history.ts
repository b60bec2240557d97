// The models that a run logged before MLflow had logged models: a list in one of the run's tags.
import { newId } from '../kernel/ids.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { openRun } from './open-runs.ts'
import { pythonSet } from './python-text.ts'
import { writeTag } from './runs.ts'

const HISTORY_TAG = 'mlflow.log-model.history'
const REQUIRED = ['artifact_path', 'flavors', 'utc_time_created', 'run_id']
const KEPT = ['run_id', 'artifact_path', 'utc_time_created', 'model_uuid']
/** Characters that the column of a tag's value holds. */
const MAX_VALUE = 8000

export function modelHistoryOperations({ database }: StoreContext) {
  return {
    /** Adds a model, given as the JSON of its MLmodel file, to the run's list. The oldest go when there is no more room. */
    async recordModel(runId: string, modelJson: string): Promise<void> {
      const entry = entryOf(modelJson)
      await database.write(async (trx) => {
        await openRun(trx, runId)
        const row = await trx
          .selectFrom('tags')
          .select('value')
          .where('run_uuid', '=', runId)
          .where('key', '=', HISTORY_TAG)
          .executeTakeFirst()
        await writeTag(trx, { runId, key: HISTORY_TAG, value: fitting([...listIn(row?.value), entry]) })
      })
    },
  }
}

function entryOf(modelJson: string): object {
  const model = jsonObject(modelJson)
  if (model === null) throw invalid(`Malformed model info. \n ${modelJson} \n is not a valid JSON.`)
  const missing = REQUIRED.filter((name) => model[name] === undefined)
  if (missing.length > 0) throw invalid(`Model json is missing mandatory fields: ${pythonSet(missing)}`)
  const kept = KEPT.map((name) => [name, name === 'model_uuid' ? (model[name] ?? newId()) : model[name]])
  return { ...Object.fromEntries(kept), flavors: flavorsOf(model.flavors) }
}

/** What a model can be loaded as, without the settings it is loaded with. */
function flavorsOf(flavors: unknown): object {
  if (!isObject(flavors)) throw invalid('Model json is missing mandatory fields: the flavors are no object')
  const kept = Object.entries(flavors).map(([name, flavor]) => {
    if (!isObject(flavor)) return [name, flavor]
    const { config: _, ...rest } = flavor
    return [name, rest]
  })
  return Object.fromEntries(kept)
}

/** The list as text, from its newest entries as many as there is room for. */
function fitting(entries: readonly unknown[]): string {
  const text = JSON.stringify(entries)
  if (text.length <= MAX_VALUE) return text
  if (entries.length > 1) return fitting(entries.slice(1))
  throw invalid(`'${HISTORY_TAG}' exceeds the maximum length of ${MAX_VALUE} characters`)
}

function listIn(value: string | null | undefined): readonly unknown[] {
  if (!value) return []
  try {
    const list: unknown = JSON.parse(value)
    return Array.isArray(list) ? list : []
  } catch {
    return [] // a tag is anybody's to set
  }
}

function jsonObject(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : null
  } catch {
    return null
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
