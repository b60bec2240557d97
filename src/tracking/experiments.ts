// Experiments: named shelves of runs.
import { PlannedError } from '../kernel/errors.ts'
import type { Context } from './context.ts'
import { checkText } from './names.ts'
import type { Experiment, Tracking } from './port.ts'
import { type Sql, WORKSPACE } from './schema.ts'

export function experimentOperations(context: Context): Pick<Tracking, 'experiment' | 'findExperiment'> {
  const { database } = context
  return {
    async experiment(name) {
      checkText('experiment name', name, { max: 500 })
      return (await findActive(database.sql, name)) ?? makeExperiment(context, name)
    },
    async findExperiment(name) {
      return findActive(database.sql, name)
    },
  }
}

async function makeExperiment({ database, artifacts, clock }: Context, name: string): Promise<Experiment> {
  return database.transaction(async (trx) => {
    const found = await findRow(trx, name)
    if (found?.lifecycle_stage === 'deleted') {
      throw new PlannedError('CONFLICT', `the experiment "${name}" was deleted in MLflow`, {
        next: 'restore it there, or choose another name',
      })
    }
    if (found !== undefined) return { id: String(found.experiment_id), name }
    const nowMs = clock.nowMs()
    const { experiment_id } = await trx
      .insertInto('experiments')
      .values({
        name,
        lifecycle_stage: 'active',
        artifact_location: null,
        creation_time: nowMs,
        last_update_time: nowMs,
      })
      .returning('experiment_id')
      .executeTakeFirstOrThrow()
    const id = String(experiment_id)
    await trx
      .updateTable('experiments')
      .set({ artifact_location: artifacts.uri(id) })
      .where('experiment_id', '=', experiment_id)
      .execute()
    return { id, name }
  })
}

async function findActive(sql: Sql, name: string): Promise<Experiment | null> {
  const row = await findRow(sql, name)
  return row === undefined || row.lifecycle_stage === 'deleted' ? null : { id: String(row.experiment_id), name }
}

async function findRow(
  sql: Sql,
  name: string,
): Promise<{ experiment_id: number; lifecycle_stage: string | null } | undefined> {
  return sql
    .selectFrom('experiments')
    .select(['experiment_id', 'lifecycle_stage'])
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirst()
}
