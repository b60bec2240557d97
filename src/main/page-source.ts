// What the pages for a browser read, beside MLflow's store: the history of stages, and what waits for a person.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Settings } from '../cli/command.ts'
import type { Database } from '../database/port.ts'
import { systemClock } from '../kernel/clock.ts'
import type { MlflowStore } from '../mlflow/store.ts'
import type { PageSource } from '../server/page.ts'
import type { Tracking } from '../tracking/port.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import { storeName } from './store-name.ts'

/** Decisions are those about the models of `databasePath` that the home's journal holds; they are read anew each time. */
export function pageSource(
  {
    store,
    database,
    tracking,
  }: { store: MlflowStore; database: Database<TrackingSchema>; tracking: () => Promise<Tracking> },
  { home, databasePath }: Pick<Settings, 'home' | 'databasePath'>,
): PageSource {
  const journal = join(home, 'flow.db')
  return {
    store,
    async history(model) {
      const { readHistory } = await import('../tracking/history.ts')
      return await readHistory(database.sql, model)
    },
    async decisions() {
      if (!existsSync(journal)) return []
      const [{ openEmbeddedEngine }, { decisionsOf }, { waitingDecision }] = await Promise.all([
        import('../flow/embedded.ts'),
        import('../lifecycle/decisions.ts'),
        import('../server/page-decisions.ts'),
      ])
      await using engine = await openEmbeddedEngine({ databasePath: journal, clock: systemClock, readOnly: true })
      const records = { engine, tracking: await tracking(), store: storeName(databasePath, home) }
      return (await decisionsOf(records)).map(waitingDecision)
    },
  }
}
