// Experiments: created, found, renamed, deleted and restored.
import type { WireExperiment, WireKeyValue } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid, notThere } from './error.ts'

export function experimentOperations({ database, addresses }: StoreContext) {
  return {
    async getExperiment(id: string): Promise<WireExperiment> {
      const number = experimentNumber(id)
      const row = await database.sql
        .selectFrom('experiments')
        .selectAll()
        .where('experiment_id', '=', number)
        .executeTakeFirst()
      if (row === undefined) throw notThere(`No Experiment with id=${id} exists`)
      const tags = await database.sql
        .selectFrom('experiment_tags')
        .select(['key', 'value'])
        .where('experiment_id', '=', number)
        .execute()
      return {
        experiment_id: String(row.experiment_id),
        name: row.name,
        artifact_location: addresses.shown(row.artifact_location ?? ''),
        lifecycle_stage: row.lifecycle_stage ?? 'active',
        last_update_time: Number(row.last_update_time ?? 0),
        creation_time: Number(row.creation_time ?? 0),
        ...(tags.length === 0 ? {} : { tags: tags.map(keyValueOf) }),
      }
    },
  }
}

/** The number of an experiment's id. Throws `INVALID_PARAMETER_VALUE` if it is none. */
export function experimentNumber(id: string): number {
  if (/^-?\d{1,18}$/.test(id)) return Number(id)
  throw invalid(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`)
}

/** A stored key and value; a value that is null is an empty one. */
export function keyValueOf({ key, value }: { key: string; value: string | null }): WireKeyValue {
  return { key, value: value ?? '' }
}
