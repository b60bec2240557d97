// Our own server in this process, over a folder of its own: nothing of what others on this machine have set reaches it.
import { join } from 'node:path'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openAddresses } from '../../src/mlflow/addresses.ts'
import { openMlflowStore } from '../../src/mlflow/store.ts'
import { openApp } from '../../src/server/app.ts'
import { listen } from '../../src/server/listen.ts'
import { openStore } from '../../src/tracking/open-store.ts'

/** Serves a new store below a folder, until disposed of. Whatever it cannot answer is a failure of the test. */
export async function startOwn(folder: string): Promise<{ readonly address: string } & AsyncDisposable> {
  await using opened = new AsyncDisposableStack()
  const artifacts = diskArtifacts(join(folder, 'artifacts'))
  const addresses = openAddresses(artifacts, null)
  const beginning = { nowMs: systemClock.nowMs(), defaultLocation: addresses.experimentLocation('0') }
  const database = opened.use(await openStore(join(folder, 'mlflow.db'), beginning))
  const store = openMlflowStore({ database, artifacts, addresses, clock: systemClock })
  const app = openApp({ store, report: (error, where) => console.error(where, error) })
  const { address } = opened.use(await listen(app, { host: '127.0.0.1', port: 0 }))
  const everything = opened.move()
  return { address, [Symbol.asyncDispose]: () => everything.disposeAsync() }
}
