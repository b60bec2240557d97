// The only file that knows which adapters exist: opens the rooms a command needs, and closes them.
import { mkdir, mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Settings } from '../cli/command.ts'
import { onlyRead, openHome } from '../home/access.ts'
import type { Place } from '../home/place.ts'
import { systemClock } from '../kernel/clock.ts'
import { outputsFolderOf, type Project } from '../lifecycle/project.ts'
import type { LifecycleRooms, RecipeOutputs } from '../lifecycle/rooms.ts'
import type { Warehouse } from '../warehouse/port.ts'
import { openTracking } from './open-tracking.ts'
import { openWarehouse } from './open-warehouse.ts'
import { readProvenance } from './provenance.ts'
import { ROOT } from './settings.ts'
import { serverName, storeName } from './store-name.ts'
import { removeLeftScratch } from './training-scratch.ts'
import { trainInThread } from './training-thread.ts'

export interface OpenRooms extends LifecycleRooms {
  readonly place: Place
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens everything below the home; where that may not be written, to be looked at. Throws as `openHome` and the rooms do. */
export async function openRooms(options: {
  settings: Settings
  project: Project
  projectPath: string
  user: string
  notify: (line: string) => void
  sendsNotices: boolean
}): Promise<OpenRooms> {
  const { settings, project, projectPath, user, notify, sendsNotices } = options
  const [{ openEmbeddedEngine }, { openOutbox }] = await Promise.all([
    import('../flow/embedded.ts'),
    import('./open-outbox.ts'),
  ])
  await using opened = new AsyncDisposableStack()
  const { home, databasePath } = settings
  const place = { home, databasePath, artifacts: settings.artifacts }
  const { readOnly } = opened.use(openHome(place))
  if (!readOnly) await removeLeftScratch(home)
  const scratch = readOnly ? opened.use(await mkdtempDisposable(join(tmpdir(), 'understudy-'))).path : undefined
  const warehouse = opened.use(await openWarehouse(home, scratch))
  const shared = { clock: systemClock, readOnly }
  const tracking = opened.use(await openTracking(settings, { user, ...shared }))
  const engine = opened.use(await openEmbeddedEngine({ databasePath: join(home, 'flow.db'), ...shared }))
  const outbox = opened.use(await openOutbox(settings, project.name, { notify, sendsNotices, readOnly }))
  const provenance = await readProvenance(ROOT, dirname(projectPath))
  const everything = opened.move()
  return {
    place,
    store: settings.server === null ? storeName(databasePath, home) : serverName(settings.server.uri),
    project,
    warehouse: readOnly ? lookedAt(warehouse, home) : warehouse,
    // What others moved is noticed when somebody may write it down.
    tracking: readOnly ? { ...tracking, noticeOutsideMoves: async () => [] } : tracking,
    isTrackingShared: settings.server !== null,
    engine,
    outbox,
    clock: systemClock,
    runTraining: trainInThread({ home, projectPath }),
    provenance,
    outputs:
      settings.target === 'mlflow' ? null : recipeOutputs(join(home, 'training_outputs', outputsFolderOf(project))),
    [Symbol.asyncDispose]: () => everything.disposeAsync(),
  }
}

/** Copies under the recipe's names. Two files of one second are told apart by a further number, as nothing may be overwritten. */
function recipeOutputs(folder: string): RecipeOutputs {
  return {
    async save(kind, extension, content) {
      const stamp = new Date(systemClock.nowMs()).toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
      await mkdir(join(folder, kind), { recursive: true })
      for (let copy = 0; ; copy++) {
        const path = join(folder, kind, `${stamp}${copy === 0 ? '' : `-${copy}`}.${extension}`)
        try {
          return await writeFile(path, content, { flag: 'wx' })
        } catch (error) {
          if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
        }
      }
    },
  }
}

/** A warehouse that refuses to be written, before it has begun. */
function lookedAt(warehouse: Warehouse, home: string): Warehouse {
  const refuse = (): Promise<never> => Promise.reject(onlyRead(home))
  return { ...warehouse, write: refuse, derive: refuse, drop: refuse }
}
