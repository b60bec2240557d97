// The program: settings, rooms, the command that was typed, and the exit code. Nothing else sets one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from '../cli/command.ts'
import { explain } from '../cli/explain.ts'
import { takeGlobalOptions } from '../cli/global-options.ts'
import { runWords } from '../cli/parser.ts'
import { openTerminal } from '../cli/terminal.ts'
import { clarify } from '../home/integrity.ts'
import { PlannedError, stoppedOnRequest } from '../kernel/errors.ts'
import { openContext } from './open-context.ts'
import type { OpenRooms } from './open-rooms.ts'
import { advisingFor } from './project-advice.ts'
import { ROOT } from './settings.ts'

let isTerminalGone = false
// Whoever reads our output may stop reading: `understudy history | head -3` is no fault of ours.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EIO') isTerminalGone = true
    else if (error.code !== 'EPIPE') throw error
  })
}
/** What asks a command to stop: Ctrl-C, whoever ends it from outside, a terminal that is closed. */
const STOPPING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
process.exitCode = await main(process.argv.slice(2))
// An ordinary end would give the terminal its settings back, and Node aborts where there is none any more.
if (isTerminalGone) process.kill(process.pid, 'SIGHUP')

async function main(argv: readonly string[]): Promise<number> {
  const streams = { out: process.stdout, err: process.stderr, environment: process.env }
  let terminal = openTerminal({ json: argv.includes('--json'), ...streams })
  const stop = stopOnSignals((text) => terminal.note(`  ${text}`))
  const opened: { rooms: OpenRooms | null } = { rooms: null }
  // What is thrown where nobody waits for it is a bug too, and told like one.
  process.on('uncaughtException', (error) => process.exit(explain(error, terminal)))
  try {
    refuseTooLong(argv)
    const { words, project } = takeGlobalOptions(argv)
    const context = async () => {
      const made = await openContext(terminal, stop.signal, opened, project)
      if (project === null || words[0] === 'status') return made // status names the project of each of its lines itself
      terminal = advisingFor(project, terminal)
      return { ...made, terminal }
    }
    const commands = await commandsFor(words)
    stop.words = commands.find(({ name }) => name === words[0])?.stopping ?? stop.words
    await runWords(words, { commands, version: readVersion(), terminal, context })
    return 0
  } catch (error) {
    return explain(await clarify(error, opened.rooms?.place ?? null), terminal)
  } finally {
    await opened.rooms?.[Symbol.asyncDispose]()
    stop.dispose()
  }
}

/** ONNX Runtime ends the process if the command line is longer than some 32,000 letters, without a word. */
function refuseTooLong(argv: readonly string[]): void {
  const letters = argv.join(' ').length
  if (letters <= 16_000) return
  throw new PlannedError('BAD_INPUT', `the command line has ${letters} letters`, {
    why: '16,000 is the most that every part of this program can take',
    next: 'say less; a reason can name the place where the rest is written',
  })
}

/** The commands that the words can mean. A server is to be up at once: it does not wait for all that the others need. */
async function commandsFor([first]: readonly string[]): Promise<readonly Command[]> {
  if (first === 'server') return [(await import('../cli/commands/server.ts')).serverCommand]
  return (await import('../cli/commands/all.ts')).COMMANDS
}

/** The version of this program, as package.json has it. */
function readVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  return version
}

/** The first Ctrl-C, SIGTERM or closing of the terminal asks; a second one, a while later, ends at once. */
function stopOnSignals(note: (text: string) => void): { signal: AbortSignal; words: string; dispose(): void } {
  const controller = new AbortController()
  let askedAt = 0
  const onSignal = (): void => {
    if (askedAt === 0) {
      askedAt = performance.now()
      note(stop.words)
      controller.abort(stoppedOnRequest())
    } else if (performance.now() - askedAt > 500) {
      // As a program without handlers would end. An orderly exit waits for every native call, and dies of one in a thread.
      for (const name of STOPPING) process.removeAllListeners(name)
      process.kill(process.pid, 'SIGINT')
    }
  }
  for (const name of STOPPING) process.on(name, onSignal)
  const stop = {
    signal: controller.signal,
    words: 'stopping; nothing is lost, the same command goes on from here (once more to end at once)',
    dispose() {
      for (const name of STOPPING) process.off(name, onSignal)
    },
  }
  return stop
}
