// The help of every command there is, and of the program.
import { expect, test } from 'vitest'
import { EXIT_CODES } from '../kernel/errors.ts'
import { PLAIN, styleOf } from './colour.ts'
import { COMMANDS } from './commands/all.ts'
import { commandHelp, grouped, namespaceHelp, programHelp } from './help.ts'

const page = { columns: Number.POSITIVE_INFINITY, style: PLAIN }
const tooWide = (text: string, columns = 80): string[] =>
  text.split('\n').filter((line) => line.length > columns && !line.startsWith('  ./understudy ')) // an example is one line

/** The options without which a command is refused, going by what it says to an empty line. */
function requiredOptions({ args, options = [] }: (typeof COMMANDS)[number]): string[] {
  const missing = new Set((args.safeParse({}).error?.issues ?? []).map(({ path }) => String(path[0])))
  return options.flatMap(([flags]) => {
    const name = /^--(\S+)/.exec(flags)?.[1]?.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
    return name !== undefined && missing.has(name) ? [flags] : []
  })
}

test('the program names every command once, in a group that says what it is for', () => {
  const text = programHelp(COMMANDS, page)
  for (const { name } of COMMANDS) {
    expect(
      text.split('\n').filter((line) => line.startsWith(`  ${name}  `)),
      name,
    ).toHaveLength(1)
  }
  const groups = grouped(COMMANDS)
  expect(groups.flatMap(([, commands]) => commands)).toHaveLength(COMMANDS.length)
  // A new command is placed in GROUPS of help.ts before it is shown.
  expect(
    groups.filter(([title]) => title === 'Further').flatMap(([, commands]) => commands.map(({ name }) => name)),
  ).toEqual([])
})

test('it ends with the exit codes and a few lines to type', () => {
  const lines = programHelp(COMMANDS, page).split('\n')
  for (const { exitCode, meaning } of EXIT_CODES) expect(lines).toContain(`  ${String(exitCode).padEnd(3)}  ${meaning}`)
  expect(lines.slice(-4)[0]).toBe('To begin')
  for (const line of lines.slice(-3)) expect(line).toMatch(/^ {2}\.\/understudy \S+/)
})

test('it is readable in 80 columns, and in fewer', () => {
  expect(tooWide(programHelp(COMMANDS, page))).toEqual([])
  expect(tooWide(programHelp(COMMANDS, { ...page, columns: 60 }), 60)).toEqual([])
  for (const command of COMMANDS) expect(tooWide(commandHelp(command, COMMANDS, page)), command.name).toEqual([])
})

test.each(COMMANDS.map((command) => [command.name, command] as const))(
  '%s has an example that is its own, its options with their defaults, --json and the exit codes',
  (name, command) => {
    const text = commandHelp(command, COMMANDS, page)
    expect(text).toContain(`Usage: ./understudy ${name}`)
    expect(`${command.example} `).toMatch(new RegExp(`^${name} `))
    expect(text).toContain(`\n  ./understudy ${command.example}\n`)
    for (const [flags, meaning, fallback] of command.options ?? []) {
      expect(text).toContain(`\n  ${flags}`)
      expect(meaning, flags).not.toBe('')
      if (fallback !== undefined) expect(text.replaceAll(/\s+/g, ' '), flags).toContain('default')
    }
    for (const [argument, meaning] of command.positional ?? []) {
      expect(text.split('\n')[0]).toContain(argument)
      expect(text).toContain(`\n  ${argument.replace(/[<>[\]]/g, '')}  `)
      expect(meaning, argument).not.toBe('')
    }
    for (const flags of requiredOptions(command)) expect(text.replaceAll(/\s+/g, ' '), flags).toMatch(/\(required\)/)
    expect(text).toContain('  --json ')
    expect(text).toMatch(/Exit code 0 is done/)
  },
)

test('a command shows what lies below it, and a bare first word the commands of that word', () => {
  const data = COMMANDS.find(({ name }) => name === 'data')
  expect(data).toBeDefined()
  if (data !== undefined)
    expect(commandHelp(data, COMMANDS, page)).toMatch(/Below it\n {2}data show .*\n[\s\S]*data import/)
  expect(namespaceHelp('data', COMMANDS, page)).toContain('  data drop')
})

test('colours mark the headings only', () => {
  const coloured = programHelp(COMMANDS, { ...page, style: styleOf({ isTTY: true }, {}) })
  expect(coloured.split('\n').filter((line) => line.includes('\u001b')).length).toBe(grouped(COMMANDS).length + 3)
})
