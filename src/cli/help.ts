// What `--help` prints: of the program, and of each command. Made from the commands themselves, for 80 columns.
import { EXIT_CODES } from '../kernel/errors.ts'
import type { Style } from './colour.ts'
import type { Command } from './command.ts'
import { GLOBAL_OPTIONS } from './global-options.ts'
import { textTable, wrapped } from './table.ts'

/** The first words of commands, in the order of the help. A command whose first word is in none of them stands under "Further". */
const GROUPS: readonly (readonly [title: string, words: readonly string[]])[] = [
  ['A month', ['cycle', 'replay', 'run-all', 'monitor', 'status']],
  ['Its steps', ['preprocess', 'train', 'tune', 'evaluate', 'predict']],
  ['Data', ['data', 'sources']],
  ['Models and decisions', ['models', 'reproduce', 'promote', 'decisions', 'decide', 'rollback', 'history']],
  ['Serving', ['server']],
  ['Keeping', ['backup', 'restore', 'outbox', 'reset', 'files']],
  ['Looking after', ['init', 'projects', 'doctor', 'test', 'settings', 'completion']],
]

const FIRST: readonly (readonly [line: string, meaning: string])[] = [
  ['./understudy doctor', 'is everything set and installed?'],
  ['./understudy cycle', 'keep the model valid for the month that is set'],
  ['./understudy help data import', 'more of one command'],
]

interface Page {
  /** Width of what it is read on. */
  readonly columns: number
  readonly style: Style
}

const WIDEST = 80
/** An option that is longer than this has its meaning on the lines below it. */
const LONGEST_FLAGS = 24

/** The help of the program. */
export function programHelp(commands: readonly Command[], page: Page): string {
  return [
    'Usage: ./understudy COMMAND [options]',
    '',
    ...wrapped(
      'Keeps a machine-learning model valid: a challenger learns every fresh month, and the better one serves.',
      widthOf(page),
    ),
    ...grouped(commands).flatMap(([title, group]) => section(title, commandEntries(group), page)),
    ...section(
      'With every command',
      [...GLOBAL_OPTIONS, ['--version', 'the version of this program (without a command)']],
      page,
    ),
    ...section(
      'Exit codes',
      EXIT_CODES.map(({ exitCode, meaning }) => [String(exitCode), meaning]),
      page,
    ),
    ...section('To begin', FIRST, page, 32),
  ].join('\n')
}

/** The commands by group, none of them left out. */
export function grouped(
  commands: readonly Command[],
): readonly (readonly [title: string, commands: readonly Command[]])[] {
  const firstWord = ({ name }: Command): string => name.split(' ')[0]!
  const known = new Set(GROUPS.flatMap(([, words]) => words))
  const groups = GROUPS.map(
    ([title, words]) =>
      [title, words.flatMap((word) => commands.filter((command) => firstWord(command) === word))] as const,
  )
  const further = commands.filter((command) => !known.has(firstWord(command)))
  return [...groups, ['Further', further] as const].filter(([, group]) => group.length > 0)
}

/** The help of one command, with the commands that lie below it. */
export function commandHelp(command: Command, commands: readonly Command[], page: Page): string {
  const { positional = [], options = [] } = command
  const below = commands.filter(({ name }) => name.startsWith(`${command.name} `))
  return [
    `Usage: ./understudy ${[command.name, ...positional.map(([name]) => name), '[options]'].join(' ')}`,
    '',
    ...wrapped(sentence(command.summary), widthOf(page)),
    ...section(
      'Arguments',
      positional.map(([name, meaning]) => [name.replace(/[<>[\]]/g, ''), meaning]),
      page,
    ),
    ...section(
      'Options',
      options.map(([flags, meaning, fallback]) => [flags, withDefault(meaning, fallback)]),
      page,
    ),
    ...section('With every command', GLOBAL_OPTIONS, page),
    ...section('Below it', commandEntries(below), page),
    ...section('Example', [[`./understudy ${command.example}`, '']], page),
    '',
    'Exit code 0 is done, whatever the verdict; ./understudy --help lists the others.',
  ].join('\n')
}

/** The help of a word that is no command and has some below it. */
export function namespaceHelp(word: string, commands: readonly Command[], page: Page): string {
  const below = commands.filter(({ name }) => name.startsWith(`${word} `))
  return [
    `Usage: ./understudy ${word} COMMAND [options]`,
    ...section('Commands', commandEntries(below), page),
    ...section('With every command', GLOBAL_OPTIONS, page),
  ].join('\n')
}

/** The exit codes as the README has them, in Markdown. */
export function exitCodeTable(): string {
  const rows = EXIT_CODES.map(({ exitCode, meaning }) => `| ${exitCode} | ${meaning} |`)
  return ['| exit code | meaning |', '| --- | --- |', ...rows].join('\n')
}

function commandEntries(commands: readonly Command[]): (readonly [string, string])[] {
  return commands.map(({ name, summary }) => [name, summary] as const)
}

function withDefault(meaning: string, fallback: string | undefined): string {
  return fallback === undefined || meaning.includes('default') ? meaning : `${meaning} (default: ${fallback})`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

function widthOf({ columns }: Page): number {
  return Math.max(40, Math.min(columns, WIDEST))
}

/** A heading with entries of two columns; nothing where there are none. */
function section(
  title: string,
  entries: readonly (readonly [name: string, meaning: string])[],
  page: Page,
  longest = LONGEST_FLAGS,
): string[] {
  if (entries.length === 0) return []
  const left = Math.max(...entries.map(([name]) => (name.length > longest ? 0 : name.length)))
  const lines = entries.flatMap(([name, meaning]) => {
    if (meaning === '') return [`  ${name}`]
    const [first = '', ...rest] = wrapped(meaning, widthOf(page) - left - 4)
    const below = (line: string): string => `${' '.repeat(left + 4)}${line}`
    if (name.length > left) return [`  ${name}`, ...[first, ...rest].map(below)]
    return [...textTable([['', name.padEnd(left), first]]), ...rest.map(below)]
  })
  return ['', page.style.bold(title), ...lines]
}
