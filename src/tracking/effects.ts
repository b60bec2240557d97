// Effects that happen once: the result of an operation is kept under its key, in the operation's own transaction.
import { PlannedError } from '../kernel/errors.ts'
import type { EffectKey } from './port.ts'
import type { Sql } from './schema.ts'

/** An operation and what it returns. Only what JSON carries unchanged may be returned. */
interface Operation<T> {
  readonly kind: string
  readonly effect: EffectKey | undefined
  readonly nowMs: number
  readonly run: () => Promise<T>
}

/**
 * Runs an operation, unless its key has one already: then returns that one's result. Without a key it always runs.
 * Throws `CONFLICT` if the key belongs to an operation of another kind.
 */
export async function once<T>(trx: Sql, { kind, effect, nowMs, run }: Operation<T>): Promise<T> {
  if (effect === undefined) return run()
  const earlier = await trx
    .selectFrom('understudy_effects')
    .selectAll()
    .where('effect_key', '=', effect)
    .executeTakeFirst()
  if (earlier !== undefined) {
    if (earlier.kind === kind) return JSON.parse(earlier.result) as T // written below, by the same kind of operation
    throw new PlannedError(
      'CONFLICT',
      `the effect key "${effect}" was used to ${earlier.kind} and cannot be used to ${kind}`,
      { next: 'give each effect its own key' },
    )
  }
  const result = await run()
  await trx
    .insertInto('understudy_effects')
    .values({ effect_key: effect, kind, result: JSON.stringify(result), at_ms: nowMs })
    .execute()
  return result
}
