// The program: settings, rooms, the command that was typed, and the exit code. Nothing else sets one.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { Command as Commander, CommanderError } from 'commander'
import { ZodError } from 'zod'
import type { Command, CommandContext } from '../cli/command.ts'
import { COMMANDS } from '../cli/commands/all.ts'
import { openTerminal } from '../cli/terminal.ts'
import { ERROR_CODES, isPlanned, PlannedError } from '../kernel/errors.ts'
import { loadProject } from './load-project.ts'
import { type OpenRooms, openRooms } from './open-rooms.ts'
import { DEFAULT_PROJECT, PROJECT_SETTING, ROOT, readSettings, reportSettings } from './settings.ts'

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
  let rooms: OpenRooms | null = null
  try {
    const dotenv = readDotenv()
    const projectPath = resolve(ROOT, process.env[PROJECT_SETTING] || dotenv[PROJECT_SETTING] || DEFAULT_PROJECT)
    const project = await loadProject(projectPath)
    const settings = () => readSettings(process.env, dotenv, project)
    const context: CommandContext = {
      terminal,
      project,
      settings,
      settingReports: () => reportSettings(process.env, dotenv, project),
      signal: stop.signal,
      rooms: async () => {
        rooms ??= await openRooms({
          settings: settings(),
          project,
          projectPath,
          notify: (line) => terminal.note(`  ${line}`),
        })
        return rooms
      },
    }
    await parserFor(COMMANDS, context).parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    return explain(error, (text) => terminal.note(text))
  } finally {
    await (rooms as OpenRooms | null)?.[Symbol.asyncDispose]() // assigned in a closure, which the compiler does not follow
    stop.dispose()
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
    return parseEnv(readFileSync(join(ROOT, '.env'), 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new PlannedError('BAD_INPUT', `.env cannot be read: ${String(error)}`, { cause: error })
  }
}

function parserFor(commands: readonly Command[], context: CommandContext): Commander {
  const program = new Commander('understudy')
    .description(
      'Keeps a machine-learning model valid: a challenger learns every fresh month, and the better one serves.',
    )
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => context.terminal.out(text.trimEnd()),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    })
  for (const command of commands) {
    const words = command.name.split(' ')
    const last = words.pop() ?? ''
    let parent = program
    for (const word of words) {
      parent =
        parent.commands.find((one) => one.name() === word) ??
        parent.command(word).description(`${word}: see its commands`)
    }
    const there = parent.commands.find((one) => one.name() === last)
    const sub = there ?? parent.command(last)
    sub.description(command.summary).exitOverride().option('--json', 'print the result as JSON')
    for (const argument of command.positional ?? []) sub.argument(argument)
    for (const [flags, meaning, fallback] of command.options ?? []) sub.option(flags, meaning, fallback)
    sub.action(async (...parts: unknown[]) => {
      const values = parts.slice(0, command.positional?.length ?? 0)
      const named = (command.positional ?? []).map((argument, index) => [
        argument.replace(/[<>[\]]/g, ''),
        values[index],
      ])
      await command.run({ ...Object.fromEntries(named), ...sub.opts() }, context)
    })
  }
  return program
}

/** Prints what went wrong and returns the exit code for it. */
function explain(error: unknown, note: (text: string) => void): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : ERROR_CODES.BAD_INPUT.exitCode
  if (error instanceof ZodError) {
    note(`understudy: ${error.issues.map((issue) => issue.message).join('; ')}`)
    return ERROR_CODES.BAD_INPUT.exitCode
  }
  if (isPlanned(error)) {
    note(`understudy: ${error.message}`)
    return ERROR_CODES[error.code].exitCode
  }
  note(`understudy: this is a bug, please report it\n${error instanceof Error ? error.stack : String(error)}`)
  return 1
}
