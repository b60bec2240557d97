// `status`: every model of the state directory on one screen.
import { z } from 'zod'
import { isPlanned, messageOf } from '../../kernel/errors.ts'
import { tablesOf } from '../../lifecycle/project.ts'
import type { LifecycleRooms } from '../../lifecycle/rooms.ts'
import { isOver, type ModelStatus, modelStatuses } from '../../lifecycle/status.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { type Known, type StatusPage, statusReport } from '../report-status.ts'

/** `understudy status` */
export const statusCommand = defineCommand({
  name: 'status',
  example: 'status',
  summary:
    'all models on one screen: who serves, the last verdict, the error, what waits for a person, what comes next',
  args: z.object({}),
  async run(_, context) {
    const rooms = await context.rooms()
    const projects = await projectsOf(context, rooms)
    const own = projects.map(({ model }) => model)
    const models = (await modelStatuses(rooms, own)).map((status) => withKnown(status, projects))
    const page: StatusPage = {
      models,
      neverRun: projects.filter(({ model }) => !models.some((status) => status.model === model)),
      shared: [...Map.groupBy(projects, ({ model }) => model)]
        .filter(([, of]) => of.length > 1)
        .map(([model, of]) => ({ model, projects: of.map(({ project }) => project) })),
      notices: await waitingNotices(rooms),
      home: context.settings().home,
      nowMs: rooms.clock.nowMs(),
    }
    const { terminal } = context
    if (terminal.json) return terminal.out(JSON.stringify(page))
    terminal.out(statusReport(page, { columns: terminal.columns, style: terminal.style }))
  },
})

/** The projects there are, each with the model it keeps. One that cannot be read is named all the same, by its folder. */
async function projectsOf(context: CommandContext, rooms: LifecycleRooms): Promise<readonly Known[]> {
  const found = await context.projects()
  return await Promise.all(
    found.map(async ({ name, path, option }): Promise<Known> => {
      try {
        const { project, settings } = await context.settingsOf(path)
        const { model, threshold } = settings
        const raw = await rawOf(rooms, tablesOf(project, settings).raw)
        return { project: name, model, threshold, option, raw, fault: null }
      } catch (error) {
        return { project: name, model: name, threshold: null, option, raw: null, fault: messageOf(error) }
      }
    }),
  )
}

/** The rows that a project's months are taken from; null where there is no table yet, or one that cannot be read. */
async function rawOf({ warehouse }: Pick<LifecycleRooms, 'warehouse'>, table: string): Promise<Known['raw']> {
  try {
    const info = await warehouse.describe(table)
    const last = info?.partitions.at(-1)
    return info === null || last === undefined ? null : { table, lastMonth: last.month, origin: info.origin }
  } catch (error) {
    if (isPlanned(error)) return null // data and doctor say what is wrong with it
    throw error
  }
}

async function waitingNotices({ outbox }: LifecycleRooms): Promise<StatusPage['notices']> {
  const waiting = (await outbox.notices()).filter(({ state }) => state === 'waiting')
  const byChannel = Map.groupBy(waiting, ({ channel }) => channel)
  return [...byChannel].map(([channel, notices]) => ({ channel, waiting: notices.length }))
}

/** A status with what its project says now: its folder may be gone, and its threshold may have been changed since it was judged. */
function withKnown(status: ModelStatus, projects: readonly Known[]): StatusPage['models'][number] {
  const known = projects.find(({ model }) => model === status.model) ?? null
  const { error } = status
  const threshold = known?.threshold ?? error?.threshold ?? null
  return {
    ...status,
    error:
      error === null || threshold === null ? error : { ...error, threshold, isOver: isOver(error.value, threshold) },
    project: known,
  }
}
