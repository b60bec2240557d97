// From the words that were typed to a command that runs. What cannot be understood is told with the nearest thing that can.
import { Command as Commander, CommanderError } from 'commander'
import { PlannedError } from '../kernel/errors.ts'
import { closest } from '../kernel/spelling.ts'
import { advice, type Command, type CommandContext } from './command.ts'
import { commandHelp, namespaceHelp, programHelp } from './help.ts'
import type { Terminal } from './terminal.ts'

export interface Parsing {
  readonly commands: readonly Command[]
  readonly version: string
  readonly terminal: Terminal
  /** Opened once it is known which command needs it: help needs nothing. */
  readonly context: () => Promise<CommandContext>
}

/** Runs what was typed, the global options already taken out. Throws `BAD_INPUT` for what is no command or none of its options. */
export async function runWords(words: readonly string[], parsing: Parsing): Promise<void> {
  const { commands, terminal, version } = parsing
  const [first] = words
  const print = (key: string, text: string, json = text): void =>
    terminal.out(terminal.json ? JSON.stringify({ [key]: json }) : text)
  if (first === '--version' || first === '-V') return print('version', `understudy ${version}`, version)
  const { isHelp, rest } = helpAsked(words)
  if (isHelp && rest.length === 0) return print('help', programHelp(commands, terminal))
  const { name, command, left } = find(rest, commands)
  if (command === null) return print('help', namespaceHelp(name, commands, terminal))
  if (isHelp) return print('help', commandHelp(command, commands, terminal))
  const typed = parse(command, left)
  if (command.runAlone === undefined) await command.run(typed, await parsing.context())
  else command.runAlone(typed, terminal)
}

/** `help data import`, `data import --help`, and no words at all. */
function helpAsked(words: readonly string[]): { isHelp: boolean; rest: readonly string[] } {
  if (words.length === 0) return { isHelp: true, rest: [] }
  if (words[0] === 'help') return { isHelp: true, rest: words.slice(1).filter((word) => !isHelpOption(word)) }
  const end = words.indexOf('--')
  const isHelp = words.slice(0, end < 0 ? words.length : end).some(isHelpOption)
  return { isHelp, rest: isHelp ? words.filter((word) => !isHelpOption(word)) : words }
}

function isHelpOption(word: string): boolean {
  return word === '--help' || word === '-h'
}

/** The command that the words begin with, and the words after it; no command where others only lie below the name. */
function find(
  words: readonly string[],
  commands: readonly Command[],
): { name: string; command: Command | null; left: readonly string[] } {
  const [first = '', second] = words
  if (first.startsWith('-')) {
    throw new PlannedError('BAD_INPUT', `${first} is no option that can stand before a command`, {
      next: 'put the command first; ./understudy --help lists them all',
    })
  }
  const named = (name: string): Command | undefined => commands.find((command) => command.name === name)
  const two = second === undefined ? undefined : named(`${first} ${second}`)
  if (two !== undefined) return { name: two.name, command: two, left: words.slice(2) }
  const one = named(first)
  const isNamespace = commands.some(({ name }) => name.startsWith(`${first} `))
  const isMore = second !== undefined && !second.startsWith('-')
  if (isNamespace && isMore && (one?.positional ?? []).length === 0) throw unknown(`${first} ${second}`, commands)
  if (one !== undefined) return { name: first, command: one, left: words.slice(1) }
  if (isNamespace) return { name: first, command: null, left: [] }
  throw unknown(first, commands)
}

function unknown(name: string, commands: readonly Command[]): PlannedError {
  const names = commands.map((command) => command.name)
  const firstWords = names.map((full) => full.split(' ')[0]!)
  const lastWord = names.find((full) => full.endsWith(` ${name}`)) // `import` for `data import`
  const meant = lastWord ?? closest(name, [...names, ...firstWords])
  const all = './understudy --help lists all commands'
  return new PlannedError('BAD_INPUT', `there is no command "${name}"`, {
    next: meant === null ? `choose another; ${all}` : `did you mean: ./understudy ${meant}   (${all})`,
  })
}

/** Arguments by name and options in camel case, together, as texts. */
function parse(command: Command, words: readonly string[]): Record<string, unknown> {
  const positional = command.positional ?? []
  const parser = new Commander(command.name)
    .helpOption(false)
    .exitOverride()
    .configureOutput({ writeErr: () => {}, writeOut: () => {} }) // what is wrong is told by whoever catches it
  for (const [argument, meaning] of positional) parser.argument(argument, meaning)
  for (const [flags, meaning, fallback] of command.options ?? []) parser.option(flags, meaning, fallback)
  parser.action(() => {}) // a command without one asks for a command below it
  try {
    parser.parse([...words], { from: 'user' })
  } catch (error) {
    throw error instanceof CommanderError ? misunderstood(command, parser, error, words) : error
  }
  const named = positional.map(([argument], index) => [argument.replace(/[<>[\].]/g, ''), parser.processedArgs[index]])
  return { ...Object.fromEntries(named), ...parser.opts() }
}

/** Commander's complaint, with the line that would have been right. */
function misunderstood(
  command: Command,
  parser: Commander,
  { code, message }: CommanderError,
  words: readonly string[],
): PlannedError {
  const quoted = /'([^']*)'/.exec(message)?.[1] ?? ''
  const failure = (what: string, first?: string): PlannedError =>
    new PlannedError('BAD_INPUT', `./understudy ${command.name}: ${what}`, {
      next: first === undefined ? advice(command) : `${first}; ${advice(command)}`,
    })
  switch (code) {
    case 'commander.unknownOption': {
      const instead = command.foreignOptions?.[quoted]
      if (instead !== undefined) return failure(`there is no option ${quoted}`, instead)
      const known = parser.options.flatMap(({ long }) => long ?? []).concat('--json', '--project', '--help')
      const meant = closest(quoted, known)
      return failure(`there is no option ${quoted}`, meant === null ? undefined : `did you mean ${meant}`)
    }
    case 'commander.missingArgument':
      return failure(`<${quoted}> is missing`)
    case 'commander.optionMissingArgument':
      return failure(`${quoted} has no value`)
    case 'commander.excessArguments': {
      const taken = parser.registeredArguments.length
      const unused = parser.args.slice(taken)
      return failure(`"${unused.join(' ') || words.join(' ')}" is more than it takes`, 'leave it out')
    }
    default:
      return failure(message.replace(/^error: /, ''))
  }
}
