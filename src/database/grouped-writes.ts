// Group commit: transactions asked for at about the same time become one, each still kept or undone by itself.
import { CompiledQuery, type Transaction } from 'kysely'
import type { Database } from './port.ts'
import { isStillBusy } from './sqlite-errors.ts'

/** Works of one transaction at most, so that the first of them is not kept waiting by those behind it. */
const GROUP = 256

const SAVEPOINT = CompiledQuery.raw('savepoint one_of_a_group')
const RELEASE = CompiledQuery.raw('release one_of_a_group')
const ROLL_BACK = CompiledQuery.raw('rollback to one_of_a_group')

interface Waiting<Schema> {
  /** Runs in the common transaction, which one that is alone may break. Returns how its caller is answered once that is committed. */
  readonly run: (trx: Transaction<Schema>, isAlone: boolean) => Promise<() => void>
  readonly fail: (error: unknown) => void
  readonly askedMs: number
}

/** `Database.write` over `Database.transaction`. `refuseInside` throws where a transaction would wait for itself. */
export function groupedWrites<Schema>(
  transaction: Database<Schema>['transaction'],
  refuseInside: () => void,
): Database<Schema>['write'] {
  let waiting: Waiting<Schema>[] = []
  let isDraining = false

  const drain = async (): Promise<void> => {
    // Whoever is ready in this turn of the event loop joins: all requests that came in while the disk was waited for.
    await new Promise<void>((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const group = waiting.slice(0, GROUP)
      waiting = waiting.slice(GROUP)
      await commit(group)
      if (waiting.length === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    isDraining = false
  }
  const commit = async (group: readonly Waiting<Schema>[]): Promise<void> => {
    const beganMs = performance.now()
    try {
      const answers = await transaction(async (trx) => {
        const given: (() => void)[] = []
        for (const { run } of group) given.push(await run(trx, group.length === 1))
        return given
      })
      for (const answer of answers) answer()
    } catch (error) {
      for (const { fail } of group) fail(error) // the common transaction failed: nothing of it was kept
      if (isStillBusy(error)) failPatient(error, (beganMs + performance.now()) / 2)
    }
  }
  /** Whoever has waited for most of that time has waited long enough: a wait of their own would double it. */
  const failPatient = (error: unknown, untilMs: number): void => {
    const patient = waiting.filter(({ askedMs }) => askedMs <= untilMs)
    waiting = waiting.filter(({ askedMs }) => askedMs > untilMs)
    for (const { fail } of patient) fail(error)
  }
  return (work) =>
    new Promise((resolve, reject) => {
      refuseInside()
      const run = async (trx: Transaction<Schema>, isAlone: boolean): Promise<() => void> => {
        if (!isAlone) return runOne(trx, work, resolve, reject)
        const value = await work(trx)
        return () => resolve(value)
      }
      waiting.push({ run, fail: reject, askedMs: performance.now() })
      if (isDraining) return
      isDraining = true
      void drain()
    })
}

/** Runs one work between savepoints, so that what it did is undone if it fails, and nothing else. */
async function runOne<Schema, T>(
  trx: Transaction<Schema>,
  work: (trx: Transaction<Schema>) => Promise<T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
): Promise<() => void> {
  await trx.executeQuery(SAVEPOINT)
  try {
    const value = await work(trx)
    await trx.executeQuery(RELEASE)
    return () => resolve(value)
  } catch (error) {
    try {
      await trx.executeQuery(ROLL_BACK)
      await trx.executeQuery(RELEASE)
    } catch {
      throw error // the whole transaction is gone (a full disk), and this is why
    }
    return () => reject(error)
  }
}
