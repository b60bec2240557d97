// Starts the HTTP server over a store: the home's own, or the one it is told.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServeOptions, Settings } from '../cli/command.ts'
import { onlyRead, openHome } from '../home/access.ts'
import { isWithin, programVersion } from '../home/place.ts'
import { systemClock } from '../kernel/clock.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { giveBackSoon } from '../kernel/give-back.ts'
import type { Project } from '../lifecycle/project.ts'
import type { Tracking } from '../tracking/port.ts'
import { openArtifactRoots } from './artifact-roots.ts'
import { openPredictions } from './open-predictions.ts'
import { pageSource } from './page-source.ts'
import { adviceOn, databaseFile, guardOf, valueRules, withEnvironment } from './serve-options.ts'

/**
 * Everything the server needs, opened and closed with it. `report` is told what whoever runs it should know: what is unsafe about the
 * options, and later every failure that is not a client's fault. Throws as the home, the store and `listen` do, and `BAD_INPUT` for options
 * that make no server.
 */
export async function serve(
  options: ServeOptions,
  settings: Settings,
  project: Project,
  report: (line: string) => void,
): Promise<{ readonly address: string } & AsyncDisposable> {
  const choice = withEnvironment(options, process.env)
  const advice = adviceOn(choice)
  const guard = guardOf(choice, report)
  const [
    { diskArtifacts },
    { openStore },
    { openAddresses },
    { openMlflowStore },
    { trackingOver },
    { openApp },
    { listen },
  ] = await Promise.all([
    import('../artifacts/disk.ts'),
    import('../tracking/open-store.ts'),
    import('../mlflow/addresses.ts'),
    import('../mlflow/store.ts'),
    import('../tracking/embedded.ts'),
    import('../server/app.ts'),
    import('../server/listen.ts'),
  ])
  await using opened = new AsyncDisposableStack()
  const { home } = settings
  const databasePath =
    choice.backendStoreUri === undefined ? settings.databasePath : databaseFile(choice.backendStoreUri)
  const { artifacts, defaultRoot, rootArtifacts } = openArtifactRoots(
    { destination: choice.artifactsDestination ?? settings.artifacts, defaultRoot: choice.defaultArtifactRoot },
    diskArtifacts,
  )
  const { readOnly } = opened.use(openHome({ home, databasePath, artifacts: fileURLToPath(artifacts.uri('')) }))
  if (readOnly && isWithin(home, databasePath)) throw onlyRead(home)
  const addresses = openAddresses(artifacts, defaultRoot, { rootArtifacts, openFolder: diskArtifacts })
  const database = opened.use(await openStore(databasePath, beginningWith(addresses.experimentLocation('0'))))
  const store = openMlflowStore({ database, artifacts, addresses, clock: systemClock, ...valueRules(process.env) })
  const tracking = trackingOver({ database, artifacts, clock: systemClock, user: 'server' })
  await noticeOutsideMoves(tracking)
  const told = (error: unknown, where: string): void => report(`${where}: ${inWords(error)}`)
  const predictions = opened.use(
    openPredictions({
      project,
      model: settings.model,
      timeReading: settings.timeReading,
      openTracking: () => registryFor(settings, choice.backendStoreUri, tracking),
      temporaryDirectory: join(home, 'tmp'),
      report: told,
    }),
  )
  const pages = pageSource({ store, database, artifacts }, { home, databasePath })
  const app = openApp({ store, report: told, predictions, pages, version: programVersion() })
  const listening = opened.use(await listen(app, { host: choice.host, port: choice.port, guard }))
  for (const line of advice) report(line)
  opened.use(giveBackSoon())
  const everything = opened.move()
  return { address: listening.address, [Symbol.asyncDispose]: () => everything.disposeAsync() }
}

/** Where the versions lie that predictions come from: on the server that the settings name, unless another store is served. */
async function registryFor(settings: Settings, storeUri: string | undefined, own: Tracking): Promise<Tracking> {
  if (settings.server === null || storeUri !== undefined) return own
  const { openTracking } = await import('./open-tracking.ts')
  return await openTracking(settings, { user: 'server', clock: systemClock, readOnly: true })
}

/** What a new database starts with. */
function beginningWith(defaultLocation: string): { nowMs: number; defaultLocation: string } {
  return { nowMs: systemClock.nowMs(), defaultLocation }
}

/** What others moved on the store while no program of ours looked enters its history. */
async function noticeOutsideMoves(tracking: Tracking): Promise<void> {
  for (const model of await tracking.models()) await tracking.noticeOutsideMoves(model)
}

/** What was foreseen, in its words; a bug with the place it happened at. */
function inWords(error: unknown): string {
  return isPlanned(error) || !(error instanceof Error) ? messageOf(error) : (error.stack ?? error.message)
}
