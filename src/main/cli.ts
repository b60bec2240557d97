// The program: settings, rooms, the command that was typed, and the exit code. Nothing else sets one.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { Command as Commander, CommanderError } from 'commander'
import type { Command, CommandContext } from '../cli/command.ts'
import { COMMANDS } from '../cli/commands/all.ts'
import { openTerminal, type Terminal } from '../cli/terminal.ts'
import { ERROR_CODES, isPlanned, PlannedError } from '../kernel/errors.ts'
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
  const terminal = openTerminal({ json: argv.includes('--json'), out: process.stdout, err: process.stderr })
  const stop = stopOnSignals((text) => terminal.note(text))
  const opened: { rooms: OpenRooms | null } = { rooms: null }
  try {
    const words = argv.filter((word) => word !== '--json') // it may stand anywhere
    await parserFor(COMMANDS, terminal, () => openContext(terminal, stop.signal, opened)).parseAsync(words, {
      from: 'user',
    })
    return 0
  } catch (error) {
    return explain(error, (text) => terminal.note(text))
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
): Promise<CommandContext> {
  const dotenv = readDotenv()
  const projectPath = resolve(ROOT, process.env[PROJECT_SETTING] || dotenv[PROJECT_SETTING] || DEFAULT_PROJECT)
  const project = await loadProject(projectPath)
  for (const { name, meant } of misspelt(Object.keys(dotenv), SETTING_NAMES)) {
    terminal.note(`understudy: .env sets ${name}, which is no setting; did you mean ${meant}?`)
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
      controller.abort(new PlannedError('CANCELLED', 'stopped on request; run the same command again to go on'))
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
    throw new PlannedError('BAD_INPUT', `.env cannot be read: ${String(error)}`, { cause: error })
  }
}

function parserFor(
  commands: readonly Command[],
  terminal: Terminal,
  openContext: () => Promise<CommandContext>,
): Commander {
  const program = new Commander('understudy')
    .description(
      'Keeps a machine-learning model valid: a challenger learns every fresh month, and the better one serves.',
    )
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.note(text.trimEnd()),
    })
  for (const command of commands) {
    const sub = place(program, command.name.split(' '))
    sub.description(command.summary).exitOverride().option('--json', 'print the result as JSON')
    for (const argument of command.positional ?? []) sub.argument(argument)
    for (const [flags, meaning, fallback] of command.options ?? []) sub.option(flags, meaning, fallback)
    sub.action(async (...parts: unknown[]) => {
      const named = (command.positional ?? []).map((argument, index) => [
        argument.replace(/[<>[\]]/g, ''),
        parts[index],
      ])
      await command.run({ ...Object.fromEntries(named), ...sub.opts() }, await openContext())
    })
  }
  return program
}

/** The parser of a command of one word, or of two: `data import` lies below `data`. */
function place(program: Commander, words: readonly string[]): Commander {
  let parser = program
  for (const word of words) parser = parser.commands.find((one) => one.name() === word) ?? parser.command(word)
  return parser
}

/** Prints what went wrong and returns the exit code for it. */
function explain(error: unknown, note: (text: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ERROR_CODES.BAD_INPUT.exitCode
  if (isPlanned(error)) {
    note(`understudy: ${error.message}`)
    return ERROR_CODES[error.code].exitCode
  }
  note(`understudy: this is a bug, please report it\n${error instanceof Error ? error.stack : String(error)}`)
  return 1
}
