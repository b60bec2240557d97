// The numbers of a model's versions: they count up and are never given twice, also after versions, or the model itself, are gone.
import { type Sql, WORKSPACE } from './schema.ts'

/** Takes the next number of a model: one more than it ever had, whoever gave it. */
export async function takeVersionNumber(trx: Sql, name: string): Promise<number> {
  const next = (await highestNumber(trx, name)) + 1
  await keepHighest(trx, name, next)
  return next
}

/** Remembers the highest number a model ever had. To be called before its versions leave their table. */
export async function keepVersionNumbers(trx: Sql, name: string): Promise<void> {
  const highest = await highestNumber(trx, name)
  if (highest > 0) await keepHighest(trx, name, highest)
}

/** The highest number that is known of a model: from its versions, from what was given before, and from the history. */
async function highestNumber(trx: Sql, name: string): Promise<number> {
  const stored = await trx
    .selectFrom('model_versions')
    .select((row) => row.fn.max('version').as('highest'))
    .where('workspace', '=', WORKSPACE)
    .where('name', '=', name)
    .executeTakeFirst()
  const given = await trx
    .selectFrom('understudy_version_numbers')
    .select('highest')
    .where('name', '=', name)
    .executeTakeFirst()
  const moved = await trx
    .selectFrom('understudy_transitions')
    .select((row) => row.fn.max('version').as('highest'))
    .where('name', '=', name)
    .executeTakeFirst()
  return Math.max(stored?.highest ?? 0, given?.highest ?? 0, moved?.highest ?? 0)
}

async function keepHighest(trx: Sql, name: string, highest: number): Promise<void> {
  await trx
    .insertInto('understudy_version_numbers')
    .values({ name, highest })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ highest }))
    .execute()
}
