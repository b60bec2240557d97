// Starts the HTTP server over a store: the home's own, or the one it is told.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServeOptions, Settings } from '../cli/command.ts'
import { systemClock } from '../kernel/clock.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import type { Project } from '../lifecycle/project.ts'
import { openPredictions } from './open-predictions.ts'

/** Everything the server needs, opened and closed with it. Throws as the store and `listen` do. */
export async function serve(
  options: ServeOptions,
  settings: Settings,
  project: Project,
  report: (line: string) => void,
): Promise<{ readonly address: string } & AsyncDisposable> {
  const [{ diskArtifacts }, { openStore }, { openAddresses }, { openMlflowStore }, { openApp }, { listen }] =
    await Promise.all([
      import('../artifacts/disk.ts'),
      import('../tracking/open-store.ts'),
      import('../mlflow/addresses.ts'),
      import('../mlflow/store.ts'),
      import('../server/app.ts'),
      import('../server/listen.ts'),
    ])
  await using opened = new AsyncDisposableStack()
  const databasePath =
    options.backendStoreUri === undefined ? settings.databasePath : sqlitePath(options.backendStoreUri)
  const artifacts = diskArtifacts(folderOf(options.artifactsDestination ?? settings.artifacts))
  const root = options.defaultArtifactRoot ?? null
  const addresses = openAddresses(artifacts, root?.startsWith('mlflow-artifacts:') ? null : root)
  const beginning = { nowMs: systemClock.nowMs(), defaultLocation: addresses.experimentLocation('0') }
  const database = opened.use(await openStore(databasePath, beginning))
  const store = openMlflowStore({ database, artifacts, addresses, clock: systemClock })
  const told = (error: unknown, where: string): void => report(`${where}: ${messageOf(error)}`)
  const predictions = opened.use(
    openPredictions({
      project,
      model: settings.model,
      timeReading: settings.timeReading,
      openTracking: async () => {
        const { openEmbeddedTracking } = await import('../tracking/embedded.ts')
        return await openEmbeddedTracking({ databasePath, artifacts, clock: systemClock, user: 'server' })
      },
      temporaryDirectory: join(settings.home, 'tmp'),
      report: told,
    }),
  )
  const app = openApp({ store, report: told, predictions })
  const listening = opened.use(await listen(app, options))
  const everything = opened.move()
  return { address: listening.address, [Symbol.asyncDispose]: () => everything.disposeAsync() }
}

/** The path in `sqlite:///path`, as SQLAlchemy has it: three slashes and a relative path, or four for an absolute one. */
function sqlitePath(uri: string): string {
  const path = /^sqlite:\/\/\/(.+)$/.exec(uri)?.[1]
  if (path !== undefined) return path
  throw new PlannedError('BAD_INPUT', `the store ${uri} cannot be opened`, {
    why: 'only files of SQLite are served',
    next: 'write it like sqlite:///mlflow.db, with four slashes before an absolute path',
    facts: { uri },
  })
}

function folderOf(place: string): string {
  return place.startsWith('file:') ? fileURLToPath(place) : place
}
