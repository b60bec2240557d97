// `reset`: away with what can be made again; with `--everything`, away with all of it, once a person has said so.
import { existsSync } from 'node:fs'
import { lstat, mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { counted } from '../../evaluation/figures.ts'
import { workersIn } from '../../home/presence.ts'
import { bytesText, fileError } from '../../kernel/disk.ts'
import { isPlanned, messageOf, PlannedError } from '../../kernel/errors.ts'
import { outputsFolderOf, tablesOf } from '../../lifecycle/project.ts'
import type { LifecycleRooms } from '../../lifecycle/rooms.ts'
import { modelOf } from '../../lifecycle/verdicts.ts'
import { addressOf } from '../../tracking/rest-address.ts'
import { ask } from '../ask.ts'
import { bucket, type CloudPlace, dataSet } from '../cloud.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { entryRows, type HomeEntry, isHome, isInside, OUTPUT_FOLDERS, OUTPUTS, readHome, weigh } from '../home.ts'
import { textTable } from '../table.ts'
import { timeText } from '../when.ts'

const Args = z
  .object({
    what: z.enum(['local', 'bq', 'gcs', 'all'], { error: 'name local, bq, gcs or all' }).optional(),
    everything: z.boolean().default(false),
    yes: z.boolean().default(false),
  })
  .refine(({ what, everything }) => (what === undefined) === everything, {
    error: 'name local, bq, gcs or all, or give --everything on its own',
    path: ['what'],
  })

/** `understudy reset local | bq | gcs | all`, `understudy reset --everything [--yes]` */
export const resetCommand = defineCommand({
  name: 'reset',
  example: 'reset local',
  summary:
    'remove what can be made again: processed tables and training_outputs; the registry, decisions and history stay',
  positional: [['[what]', 'local, bq, gcs or all']],
  options: [
    ['--everything', 'remove the whole home instead: registry, decisions, history, tables. Asks first'],
    ['--yes', 'do not ask'],
  ],
  args: Args,
  async run({ what, everything, yes }, context) {
    if (everything) return await removeHome(context, yes)
    if (what === undefined) throw new Error('nothing was named and it was let through')
    const { home, artifacts } = context.settings()
    const clouds = {
      bq: () => dataSet(context.settingReports(), home),
      gcs: () => bucket(context.settingReports(), artifacts),
    }
    if (what === 'bq' || what === 'gcs') {
      const { what: none, why, next } = clouds[what]()
      throw new PlannedError('BAD_INPUT', `there is nothing to reset: ${none}`, { why, next })
    }
    const removed = await resetLocal(context)
    const nowhere = what === 'all' ? [clouds.bq(), clouds.gcs()] : []
    const { terminal } = context
    terminal.out(
      terminal.json
        ? JSON.stringify({ ...removed, notUsed: nowhere })
        : [removedText(removed), ...nowhere.map(cloudText)].join('\n'),
    )
  },
})

interface Removed {
  readonly tables: readonly string[]
  readonly files: number
  readonly bytes: number
}

function removedText({ tables, files, bytes }: Removed): string {
  const outputs = files === 0 ? '' : `${counted(files, 'file')} of ${OUTPUTS} (${bytesText(bytes)})`
  const parts = [...tables, outputs].filter((part) => part !== '')
  return [
    parts.length === 0 ? 'there was nothing to remove' : `removed ${parts.join(', ')}`,
    '   raw tables, registry, decisions and history are as they were; the next command makes again what it needs',
  ].join('\n')
}

function cloudText({ what, why, next }: CloudPlace): string {
  return `${what}: ${why}\n   ${next}`
}

/** Removes the processed tables of the project, of every size and reading, and empties the recipe's folders. */
async function resetLocal(context: CommandContext): Promise<Removed> {
  const rooms = await context.rooms()
  const { model, home } = context.settings()
  await checkIdle(rooms, (run) => modelOf(run) === model)
  const tables: string[] = []
  for (const name of processedTables(rooms)) {
    if (!(await isThere(rooms, name))) continue
    await rooms.warehouse.drop(name)
    tables.push(name)
  }
  let [files, bytes] = [0, 0]
  for (const name of OUTPUT_FOLDERS) {
    const folder = join(home, OUTPUTS, outputsFolderOf(rooms.project), name) // other projects' copies lie beside them
    const weight = await weigh(folder)
    files += weight.files
    bytes += weight.bytes
    await remove(folder)
    await mkdir(folder, { recursive: true })
  }
  return { tables, files, bytes }
}

/** Names of the processed tables that a project can have. */
function processedTables({ project }: Pick<LifecycleRooms, 'project'>): string[] {
  return project.sizes.flatMap((size) =>
    (['utc', 'local'] as const).map((timeReading) => tablesOf(project, { size, timeReading }).processed),
  )
}

/** A damaged table is there too. */
async function isThere({ warehouse }: Pick<LifecycleRooms, 'warehouse'>, name: string): Promise<boolean> {
  try {
    return (await warehouse.describe(name)) !== null
  } catch (error) {
    if (isPlanned(error, 'BAD_DATA')) return true
    throw error
  }
}

type FlowRun = Awaited<ReturnType<LifecycleRooms['engine']['flowRuns']>>[number]

/** Throws `CONFLICT` if a flow is at work, in whichever process. */
async function checkIdle(
  { engine }: Pick<LifecycleRooms, 'engine'>,
  concerns: (run: FlowRun) => boolean,
): Promise<void> {
  const busy = (await engine.flowRuns()).find((run) => run.status === 'running' && concerns(run))
  if (busy === undefined) return
  const whose = modelOf(busy)
  throw new PlannedError('CONFLICT', 'nothing was removed', {
    why: `the flow ${busy.flow}${whose === null ? '' : ` of ${whose}`} has been at work since ${timeText(busy.startedAtMs)} UTC (run ${busy.id})`,
    next: 'wait until it has ended, or stop it',
  })
}

/** Throws `CONFLICT` if another process works in the home, with a flow or without one. */
function checkUnused(home: string): void {
  const [worker] = workersIn(home)
  if (worker === undefined) return
  throw new PlannedError('CONFLICT', 'nothing was removed', {
    why: `process ${worker.pid}${worker.isHere ? '' : ' of another machine or container'} works in ${home}`,
    next: worker.isHere
      ? 'wait until it has ended, or stop it'
      : `see that nothing works there any more, remove ${worker.mark}, then give the command again`,
  })
}

/** Removes a file or a folder; none is fine. Throws in words what the system refuses. */
async function remove(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    throw fileError(error, path) ?? error
  }
}

/** Removes every entry of the home, the journal last, so that what is stopped half-way can be given again. */
async function removeHome(context: CommandContext, yes: boolean): Promise<void> {
  const { terminal } = context
  const settings = context.settings()
  if (!existsSync(settings.home)) {
    return terminal.out(terminal.json ? JSON.stringify({ removed: [], left: [] }) : `there is no ${settings.home}`)
  }
  checkHome(settings.home)
  const entries = await readHome(settings)
  checkOurs(settings.home, entries)
  const left = [
    ...[settings.databasePath, settings.artifacts].filter((path) => !isInside(settings.home, path)),
    ...(settings.server === null ? [] : [`what the MLflow server ${addressOf(settings.server)} keeps`]),
  ]
  const contents = await describeContents(context)
  if (!(await isMeant(context, { entries, contents, left, yes }))) {
    return terminal.out(terminal.json ? JSON.stringify({ removed: [], left: [settings.home] }) : 'nothing was removed')
  }
  if (contents.readable) await checkIdle(await context.rooms(), () => true) // once more: the question may have stood for hours
  await context.closeRooms()
  checkUnused(settings.home)
  for (const { name } of await readHome(settings)) await remove(join(settings.home, name))
  await removeIfEmpty(settings.home)
  terminal.out(
    terminal.json
      ? JSON.stringify({ removed: entries.map(({ name }) => name), left })
      : [
          `removed everything in ${settings.home}`,
          ...left.map((path) => `   ${path} lies elsewhere and is as it was`),
        ].join('\n'),
  )
}

/** Throws `BAD_INPUT` if a folder is no home, before anything in it is even looked at. */
function checkHome(home: string): void {
  if (isHome(home)) return
  throw new PlannedError('BAD_INPUT', `nothing was removed: ${home} is no home of Understudy`, {
    why: 'there is no flow.db in it',
    next: 'set UNDERSTUDY_HOME to the folder that you mean',
  })
}

/** Throws `BAD_INPUT` unless all there is in the folder is Understudy's. */
function checkOurs(home: string, entries: readonly HomeEntry[]): void {
  const others = entries.filter(({ isOurs }) => !isOurs).map(({ name }) => name)
  if (others.length === 0) return
  const more = others.length > 5 ? ` and ${others.length - 5} more` : ''
  throw new PlannedError('BAD_INPUT', `nothing was removed: ${home} holds things that are not Understudy's`, {
    why: `${others.slice(0, 5).join(', ')}${more}`,
    next: 'move them elsewhere first, or remove what is of Understudy by hand',
  })
}

interface Contents {
  /** Whether the databases could be opened. */
  readonly readable: boolean
  /** By name, of every project; none where they cannot be read. */
  readonly models: readonly string[]
  readonly lines: readonly string[]
}

/** What the home means to people: models and their versions, runs of flows, decisions. Throws `CONFLICT` if a flow is at work. */
async function describeContents(context: CommandContext): Promise<Contents> {
  try {
    const rooms = await context.rooms()
    await checkIdle(rooms, () => true)
    const models = context.settings().server === null ? await rooms.tracking.models() : [] // a server's stay
    const versions = await Promise.all(models.map((model) => rooms.tracking.versions(model)))
    const runs = await rooms.engine.flowRuns()
    const decisions = await rooms.engine.decisions.list()
    const lines = models.map((model, index) => {
      const all = versions[index] ?? []
      const serving = all.find(({ stage }) => stage === 'Production')
      const where =
        serving === undefined ? '' : `, v${serving.version}${all.length === 1 ? '' : ' of them'} in Production`
      return `${model}: ${counted(all.length, 'version')}${where}`
    })
    return {
      readable: true,
      models,
      lines: [
        ...lines,
        `${counted(runs.length, 'run of flows', 'runs of flows')}, ${counted(decisions.length, 'decision')}`,
      ],
    }
  } catch (error) {
    if (!isPlanned(error) || error.code === 'CONFLICT' || error.code === 'CANCELLED') throw error
    return { readable: false, models: [], lines: [`its databases cannot be read: ${messageOf(error)}`] }
  }
}

/** Whether a person says yes. Throws `BAD_INPUT` if nobody can be asked, `CANCELLED` on Ctrl-C. */
async function isMeant(
  { terminal, signal, settings }: CommandContext,
  {
    entries,
    contents,
    left,
    yes,
  }: { entries: readonly HomeEntry[]; contents: Contents; left: readonly string[]; yes: boolean },
): Promise<boolean> {
  if (yes) return true
  const { home } = settings()
  terminal.note(
    [
      `This would remove everything in ${home}, for good:`,
      ...textTable(entryRows(entries), [1, 2]),
      ...contents.lines.map((line) => `  ${line}`),
      ...left.map((path) => `It would leave ${path}, which lies elsewhere.`),
      'For a copy first: ./understudy backup DIR',
    ].join('\n'),
  )
  const keyboard = { input: process.stdin, output: process.stderr }
  const answer = await ask(questionOf(contents.models), keyboard, signal)
  if (answer === null) {
    throw new PlannedError('BAD_INPUT', 'nothing was removed: nobody can be asked here', {
      next: 'give the command in a terminal, or add --yes',
    })
  }
  return answer === 'yes'
}

/** Names every model that goes, whichever project it is of. */
function questionOf(models: readonly string[]): string {
  const gone = models.length === 0 ? 'it' : `it, with ${new Intl.ListFormat('en-GB').format(models)}`
  return `Type yes to remove ${gone}: `
}

/** A home that is a link, or where something is mounted, stays as an empty folder. */
async function removeIfEmpty(home: string): Promise<void> {
  if ((await lstat(home)).isSymbolicLink() || (await readdir(home)).length > 0) return
  await rmdir(home).catch(() => undefined)
}
