// What a command works with: the project that was named or set, its settings, and the rooms once they are asked for.
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { CommandContext, SettingReport } from '../cli/command.ts'
import type { Terminal } from '../cli/terminal.ts'
import { isPlanned } from '../kernel/errors.ts'
import type { Project } from '../lifecycle/project.ts'
import { checkDatabases } from './check-databases.ts'
import { type Dotenv, readDotenv } from './dotenv.ts'
import { loadProject } from './load-project.ts'
import { misspelt } from './misspelt.ts'
import { type OpenRooms, openRooms } from './open-rooms.ts'
import { askServer } from './open-tracking.ts'
import { findProjects, optionFor, resolveProject } from './projects.ts'
import { prefixOf, ROOT, readSettings, reportSettings, type SettingSources } from './settings.ts'
import { DEFAULT_PROJECT, DOTENV_VARIABLE, PROJECT_SETTING, SETTINGS } from './settings-list.ts'

/** A short name that is nearly a setting's is more likely another program's, where the environment is everybody's. */
const LETTERS_OF_A_SLIP = 9

/**
 * Opens it once it is known which command that is: help needs nothing. `named` is the project of the command line, null for the
 * default one. Whoever calls closes `opened`. Throws what `.env` and the project are refused with.
 */
export async function openContext(
  terminal: Terminal,
  signal: AbortSignal,
  opened: { rooms: OpenRooms | null },
  named: string | null,
): Promise<CommandContext> {
  const dotenv = readDotenv(resolve(ROOT, process.env[DOTENV_VARIABLE] || '.env'))
  const { standard, projectPath } = await findDefinitions(dotenv, named)
  const project = await loadProject(projectPath)
  const sourcesOf = (one: Project, path: string): SettingSources => ({
    environment: process.env,
    dotenv,
    project: one,
    isDefault: path === standard,
  })
  const projects = async () =>
    (await findProjects(ROOT, [...(standard === null ? [] : [standard]), projectPath])).map((place) => ({
      ...place,
      option: place.path === standard ? '' : ` --project ${optionFor(ROOT, place)}`,
    }))
  tellSlips(terminal, dotenv, [project.name, ...(await projects()).map(({ name }) => name)])
  tellUnread(terminal, dotenv)
  tellPlaceholders(terminal, reportSettings(sourcesOf(project, projectPath)))
  const user = userName()
  const settings = () => readSettings(sourcesOf(project, projectPath))
  return {
    terminal,
    project,
    user,
    settings,
    settingReports: () => reportSettings(sourcesOf(project, projectPath)),
    databases: () => checkDatabases(settings()),
    server: async () => {
      const { server } = settings()
      return server === null ? null : await askServer(server)
    },
    projects,
    settingsOf: async (path) => {
      const other = await loadProject(path)
      return { project: other, settings: readSettings(sourcesOf(other, path)) }
    },
    signal,
    serve: async (options) => {
      const { serve } = await import('./serve.ts')
      return await serve(options, settings(), project, (line) => terminal.warn(`understudy: ${line}`))
    },
    readParquet: async (...asked) => (await import('./open-predictions.ts')).readParquetFile(...asked),
    rooms: async ({ sendsNotices = true } = {}) => {
      const notify = (line: string): void => terminal.note(`  ${line}`)
      opened.rooms ??= await openRooms({ settings: settings(), project, projectPath, user, notify, sendsNotices })
      return opened.rooms
    },
    closeRooms: async () => {
      const { rooms } = opened
      opened.rooms = null
      await rooms?.[Symbol.asyncDispose]()
    },
  }
}

/** The default project, and the one to work with. A default that is none stands in the way only of who asks for it. */
async function findDefinitions(
  dotenv: Dotenv,
  named: string | null,
): Promise<{ standard: string | null; projectPath: string }> {
  const setting = (process.env[PROJECT_SETTING] || dotenv.values[PROJECT_SETTING] || DEFAULT_PROJECT).trim()
  if (named === null) {
    const standard = await resolveProject(ROOT, setting, PROJECT_SETTING)
    return { standard, projectPath: standard }
  }
  const standard = await resolveProject(ROOT, setting, PROJECT_SETTING).catch((error: unknown) => {
    if (isPlanned(error)) return null
    throw error
  })
  return { standard, projectPath: await resolveProject(ROOT, named, '--project') }
}

function tellSlips(terminal: Terminal, dotenv: Dotenv, projects: readonly string[]): void {
  const known = {
    own: SETTINGS.filter(({ scope }) => scope === 'model').map(({ name }) => name),
    shared: SETTINGS.filter(({ scope }) => scope === 'shared').map(({ name }) => name),
    prefixes: [...new Set(projects.map(prefixOf))],
  }
  const inFile = Object.keys(dotenv.values)
  const inEnvironment = Object.keys(process.env).filter(
    (name) => name.length >= LETTERS_OF_A_SLIP && !inFile.includes(name),
  )
  for (const [place, names] of [
    ['.env', inFile],
    ['the environment', inEnvironment],
  ] as const) {
    for (const { name, meant } of misspelt(names, known))
      terminal.warn(`understudy: ${place} sets ${name}, which is no setting; did you mean ${meant}?`)
  }
}

function tellUnread(terminal: Terminal, { unread }: Dotenv): void {
  for (const line of unread) {
    terminal.warn(`understudy: .env line ${line} sets nothing; write it as NAME=value, or begin it with # as a comment`)
  }
}

/** Names under which things are kept: one that was never filled in is replaced by the default, which nobody chose. */
const KEPT_UNDER: Readonly<Record<string, string>> = {
  MLFLOW_MODEL_NAME: 'the model is called',
  MLFLOW_EXPERIMENT: 'the experiment is called',
}

function tellPlaceholders(terminal: Terminal, reports: readonly SettingReport[]): void {
  for (const { name, variable, value, placeholder, source, line } of reports) {
    const kept = KEPT_UNDER[name]
    if (kept === undefined || placeholder === null) continue
    const place = source === 'environment' ? 'the environment' : `.env line ${line}`
    terminal.warn(`understudy: ${place}: ${variable} still holds a placeholder, so ${kept} ${value}`)
  }
}

/** A container may run as a number that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER || `user ${process.getuid?.() ?? 'unknown'}`
  }
}
