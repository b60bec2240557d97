// The program: settings, rooms, the command that was typed, and the exit code. Nothing else sets one.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { CommandContext } from '../cli/command.ts'
import { COMMANDS } from '../cli/commands/all.ts'
import { explain } from '../cli/explain.ts'
import { takeGlobalOptions } from '../cli/global-options.ts'
import { runWords } from '../cli/parser.ts'
import { openTerminal, type Terminal } from '../cli/terminal.ts'
import { ERROR_CODES, messageOf, PlannedError, stoppedOnRequest } from '../kernel/errors.ts'
import { loadProject } from './load-project.ts'
import { misspelt } from './misspelt.ts'
import { type OpenRooms, openRooms } from './open-rooms.ts'
import { findProjects } from './projects.ts'
import { DEFAULT_PROJECT, PROJECT_SETTING, ROOT, readSettings, reportSettings, SETTING_NAMES } from './settings.ts'

// Whoever reads our output may stop reading: `understudy history | head -3` is no fault of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
}
process.exitCode = await main(process.argv.slice(2))

async function main(argv: readonly string[]): Promise<number> {
  const streams = { out: process.stdout, err: process.stderr, environment: process.env }
  const terminal = openTerminal({ json: argv.includes('--json'), ...streams })
  const stop = stopOnSignals((text) => terminal.note(text))
  const opened: { rooms: OpenRooms | null } = { rooms: null }
  try {
    const { words, project } = takeGlobalOptions(argv)
    const context = () => openContext(terminal, stop.signal, opened, project)
    await runWords(words, { commands: COMMANDS, version: readVersion(), terminal, context })
    return 0
  } catch (error) {
    return explain(error, terminal)
  } finally {
    await opened.rooms?.[Symbol.asyncDispose]()
    stop.dispose()
  }
}

/** What a command works with. Opened once it is known which command that is: help needs nothing. */
async function openContext(
  terminal: Terminal,
  signal: AbortSignal,
  opened: { rooms: OpenRooms | null },
  named: string | null,
): Promise<CommandContext> {
  const dotenv = readDotenv()
  const projectPath =
    named === null
      ? resolve(ROOT, process.env[PROJECT_SETTING] || dotenv[PROJECT_SETTING] || DEFAULT_PROJECT)
      : await projectNamed(named)
  const project = await loadProject(projectPath)
  for (const { name, meant } of misspelt(Object.keys(dotenv), SETTING_NAMES)) {
    terminal.warn(`understudy: .env sets ${name}, which is no setting; did you mean ${meant}?`)
  }
  const user = userName()
  const settings = () => readSettings(process.env, dotenv, project)
  return {
    terminal,
    project,
    user,
    settings,
    settingReports: () => reportSettings(process.env, dotenv, project),
    projects: () => findProjects(ROOT),
    settingsOf: async (path) => {
      const other = await loadProject(path)
      return { project: other, settings: readSettings(process.env, dotenv, other) }
    },
    signal,
    rooms: async () => {
      const notify = (line: string): void => terminal.note(`  ${line}`)
      opened.rooms ??= await openRooms({ settings: settings(), project, projectPath, user, notify })
      return opened.rooms
    },
  }
}

/** The definition of a project that was named. Throws `NOT_FOUND` with those there are. */
async function projectNamed(name: string): Promise<string> {
  const projects = await findProjects(ROOT)
  const found = projects.find((project) => project.name === name)
  if (found !== undefined) return found.path
  throw new PlannedError('NOT_FOUND', `there is no project "${name}"`, {
    next: `name one of ${projects.map((project) => project.name).join(', ')}, or make it: ./understudy init ${name}`,
  })
}

/** The version of this program, as package.json has it. */
function readVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return version
}

/** A container may run as a number that has no name. */
function userName(): string {
  try {
    return userInfo().username
  } catch {
    return process.env.USER || `user ${process.getuid?.() ?? 'unknown'}`
  }
}

/** The first Ctrl-C or SIGTERM asks; a second one, a while later, ends at once. */
function stopOnSignals(note: (text: string) => void): { signal: AbortSignal; dispose(): void } {
  const controller = new AbortController()
  let askedAt = 0
  const onSignal = (): void => {
    if (askedAt === 0) {
      askedAt = performance.now()
      note('  stopping; nothing is lost, the same command goes on from here (once more to end at once)')
      controller.abort(stoppedOnRequest())
    } else if (performance.now() - askedAt > 500) {
      process.exit(ERROR_CODES.CANCELLED.exitCode)
    }
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    dispose() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}

/** `.env` beside package.json; none is the same as an empty one. */
function readDotenv(): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync(join(ROOT, '.env'), 'utf8').replace(/^\uFEFF/, '')) // some editors begin a file with a mark
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new PlannedError('BAD_INPUT', '.env cannot be read', {
      why: messageOf(error),
      next: `make ${join(ROOT, '.env')} a file that you may read, or remove it`,
      cause: error,
    })
  }
}
