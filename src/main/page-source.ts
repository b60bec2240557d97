// What the pages for a browser read, beside MLflow's store: the history of stages, and what waits for a person.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ArtifactStore } from '../artifacts/port.ts'
import type { Settings } from '../cli/command.ts'
import type { Database } from '../database/port.ts'
import { systemClock } from '../kernel/clock.ts'
import type { MlflowStore } from '../mlflow/store.ts'
import type { PageSource } from '../server/page.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import { storeName } from './store-name.ts'

/** Decisions are those about the models of `databasePath` that the home's journal holds; they are read anew each time. */
export function pageSource(
  parts: {
    readonly store: MlflowStore
    readonly database: Database<TrackingSchema>
    readonly artifacts: ArtifactStore
  },
  { home, databasePath }: Pick<Settings, 'home' | 'databasePath'>,
): PageSource {
  const { store, database, artifacts } = parts
  const journal = join(home, 'flow.db')
  return {
    store,
    async history(model) {
      const { readHistory } = await import('../tracking/history.ts')
      return await readHistory(database.sql, model)
    },
    async decisions() {
      if (!existsSync(journal)) return []
      const [{ openEmbeddedEngine }, { openEmbeddedTracking }, { decisionsOf }, { waitingDecision }] =
        await Promise.all([
          import('../flow/embedded.ts'),
          import('../tracking/embedded.ts'),
          import('../lifecycle/decisions.ts'),
          import('../server/page-decisions.ts'),
        ])
      const looking = { clock: systemClock, readOnly: true }
      await using engine = await openEmbeddedEngine({ databasePath: journal, ...looking })
      await using tracking = await openEmbeddedTracking({ databasePath, artifacts, user: 'page', ...looking })
      const records = { engine, tracking, store: storeName(databasePath, home) }
      return (await decisionsOf(records)).map(waitingDecision)
    },
  }
}
