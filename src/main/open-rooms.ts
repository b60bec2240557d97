// The only file that knows which adapters exist: opens the rooms a command needs, and closes them.
import { access, constants, mkdir, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join, relative } from 'node:path'
import type { Settings } from '../cli/command.ts'
import { systemClock } from '../kernel/clock.ts'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/json.ts'
import { outputsFolderOf, type Project } from '../lifecycle/project.ts'
import type { LifecycleRooms, RecipeOutputs } from '../lifecycle/rooms.ts'
import { openWarehouse } from './open-warehouse.ts'
import { readProvenance } from './provenance.ts'
import { ROOT } from './settings.ts'
import { trainInThread } from './training-thread.ts'

export interface OpenRooms extends LifecycleRooms {
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens everything below the home. Throws `BAD_INPUT` if the home cannot be made or written. */
export async function openRooms(options: {
  settings: Settings
  project: Project
  projectPath: string
  user: string
  notify: (line: string) => void
  sendsNotices: boolean
}): Promise<OpenRooms> {
  const { settings, project, projectPath, user, notify, sendsNotices } = options
  await makeHome(settings.home)
  const [{ diskArtifacts }, { openEmbeddedTracking }, { openEmbeddedEngine }, { openOutbox }] = await Promise.all([
    import('../artifacts/disk.ts'),
    import('../tracking/embedded.ts'),
    import('../flow/embedded.ts'),
    import('./open-outbox.ts'),
  ])
  await using opened = new AsyncDisposableStack()
  const warehouse = opened.use(await openWarehouse(settings.home))
  const artifacts = diskArtifacts(settings.artifacts)
  const { databasePath } = settings
  const tracking = opened.use(await openEmbeddedTracking({ databasePath, artifacts, clock: systemClock, user }))
  const engine = opened.use(
    await openEmbeddedEngine({ databasePath: join(settings.home, 'flow.db'), clock: systemClock }),
  )
  const outbox = opened.use(await openOutbox(settings, project.name, { notify, sendsNotices }))
  const provenance = await readProvenance(ROOT, dirname(projectPath))
  const everything = opened.move()
  return {
    store: sha256(nameOfStore(databasePath, settings.home)).slice(0, 12),
    project,
    warehouse,
    tracking,
    engine,
    outbox,
    clock: systemClock,
    runTraining: trainInThread({ home: settings.home, projectPath }),
    provenance,
    outputs:
      settings.target === 'mlflow'
        ? null
        : recipeOutputs(join(settings.home, 'training_outputs', outputsFolderOf(project))),
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

/** A store inside the home keeps its name when the home is moved; one elsewhere is known by its place. */
function nameOfStore(databasePath: string, home: string): string {
  const inside = relative(home, databasePath)
  return inside.startsWith('..') || isAbsolute(inside) ? databasePath : inside
}

async function makeHome(home: string): Promise<void> {
  try {
    await mkdir(home, { recursive: true })
    await access(home, constants.W_OK)
  } catch (error) {
    throw new PlannedError('BAD_INPUT', `UNDERSTUDY_HOME ${home} is no folder that can be written`, {
      why: messageOf(error),
      next: 'set another folder',
      cause: error,
    })
  }
}
