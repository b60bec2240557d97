// From words to a command: what runs, what is shown, and what is said of words that are none.
import { expect, test } from 'vitest'
import { z } from 'zod'
import { isPlanned, type PlannedError } from '../kernel/errors.ts'
import { type Command, type CommandContext, defineCommand } from './command.ts'
import { runWords } from './parser.ts'
import { openTerminal } from './terminal.ts'

const seen: unknown[] = []
const run = async (args: unknown): Promise<void> => {
  seen.push(args)
}

const COMMANDS: readonly Command[] = [
  defineCommand({
    name: 'paint',
    example: 'paint wall.png --colour red',
    summary: 'paint something',
    positional: [
      ['<file>', 'what to paint'],
      ['[second]', 'what to paint after it'],
    ],
    options: [
      ['--colour <name>', 'which one', 'green'],
      ['--coats <number>', 'how many'],
      ['--dry-run', 'only say it'],
      ['--set <key=value...>', 'details'],
    ],
    args: z.object({
      file: z.string(),
      second: z.string().optional(),
      colour: z.enum(['red', 'green'], { error: '--colour is red or green' }),
      coats: z.coerce.number({ error: '--coats is a number' }).int().positive().max(9).optional(),
      dryRun: z.boolean().default(false),
      set: z.array(z.string()).default([]),
    }),
    run,
  }),
  defineCommand({ name: 'shed', example: 'shed', summary: 'what is there', args: z.object({}), run }),
  defineCommand({ name: 'shed sweep', example: 'shed sweep', summary: 'sweep it', args: z.object({}), run }),
  defineCommand({ name: 'roof mend', example: 'roof mend', summary: 'mend it', args: z.object({}), run }),
  defineCommand({
    name: 'alone',
    example: 'alone',
    summary: 'needs nothing',
    args: z.object({}),
    run,
    runAlone: (_, terminal) => terminal.out('alone'),
  }),
]

interface Ran {
  readonly out: string
  /** What the command was handed, if one ran. */
  readonly args: unknown
  readonly error: PlannedError | null
}

async function typed(line: string, json = false): Promise<Ran> {
  let out = ''
  const terminal = openTerminal({ json, out: { write: (text) => (out += text) }, err: { write: () => {} } })
  seen.length = 0
  const context = async (): Promise<CommandContext> => ({ terminal }) as CommandContext // these commands use nothing else of it
  const words = line === '' ? [] : line.split(' ')
  const failed: unknown = await runWords(words, { commands: COMMANDS, version: '1.2.3', terminal, context }).then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (failed !== null && !isPlanned(failed)) throw failed
  return { out, args: seen[0], error: failed }
}

test('a command gets its arguments by name and its options in camel case, with their defaults', async () => {
  expect((await typed('paint wall.png --coats 2 --dry-run --set a=1 b=2')).args).toEqual({
    file: 'wall.png',
    colour: 'green',
    coats: 2,
    dryRun: true,
    set: ['a=1', 'b=2'],
  })
  expect((await typed('paint --colour=red wall.png left')).args).toMatchObject({ colour: 'red', second: 'left' })
  expect((await typed('shed')).args).toEqual({})
  expect((await typed('shed sweep')).args).toEqual({})
})

test('no words, --help, help and a bare first word are help, which needs nothing and is no failure', async () => {
  for (const line of ['', '--help', '-h', 'help'])
    expect((await typed(line)).out).toContain('Usage: ./understudy COMMAND')
  for (const line of ['help shed sweep', 'shed sweep --help', '--help shed sweep', 'shed sweep -h']) {
    const { out, args, error } = await typed(line)
    expect(out).toContain('Usage: ./understudy shed sweep')
    expect([args, error]).toEqual([undefined, null])
  }
  expect((await typed('roof')).out).toContain('Usage: ./understudy roof COMMAND')
  expect((await typed('paint --nonsense --help')).out).toContain('Usage: ./understudy paint')
  expect(JSON.parse((await typed('help shed', true)).out).help).toContain('./understudy shed')
})

test('--version is the version, before a command only', async () => {
  expect((await typed('--version')).out).toBe('understudy 1.2.3\n')
  expect(JSON.parse((await typed('--version', true)).out)).toEqual({ version: '1.2.3' })
  expect((await typed('shed --version')).error?.what).toContain('there is no option --version')
})

test('what needs neither project nor settings runs without them', async () => {
  expect(await typed('alone')).toMatchObject({ out: 'alone\n', args: undefined })
})

test('a command that is none suggests the one that was meant, sub-commands too', async () => {
  const next = async (line: string): Promise<string | null | undefined> => (await typed(line)).error?.next
  expect((await typed('piant wall.png')).error).toMatchObject({
    code: 'BAD_INPUT',
    what: 'there is no command "piant"',
  })
  expect(await next('piant wall.png')).toContain('did you mean: ./understudy paint ')
  expect(await next('shed sweap')).toContain('did you mean: ./understudy shed sweep ')
  expect(await next('sweep')).toContain('did you mean: ./understudy shed sweep ') // the second word alone
  expect(await next('help sehd')).toContain('did you mean: ./understudy shed ')
  expect(await next('entirely')).toBe('choose another; ./understudy --help lists all commands')
  expect((await typed('--colour red paint')).error?.what).toContain(
    '--colour is no option that can stand before a command',
  )
})

test.each([
  ['paint', './understudy paint: <file> is missing', 'for example: ./understudy paint wall.png --colour red'],
  ['paint x --color red', './understudy paint: there is no option --color', 'did you mean --colour; for example: '],
  ['paint x --jsn', './understudy paint: there is no option --jsn', 'did you mean --json; for example: '],
  ['paint x --coats', './understudy paint: --coats <number> has no value', 'for example: '],
  ['paint a b c', './understudy paint: "c" is more than it takes', 'leave it out; for example: '],
])('%s says what is wrong, and shows a line that is right', async (line, what, next) => {
  const { error } = await typed(line)
  expect(error?.code).toBe('BAD_INPUT')
  expect(error?.what).toBe(what)
  expect(error?.next?.startsWith(next), String(error?.next)).toBe(true)
  expect(error?.next).toContain('./understudy paint --help')
})

test.each([
  ['paint x --colour gren', '--colour is "gren"', '--colour is red or green', 'did you mean green; for example: '],
  ['paint x --coats abc', '--coats is "abc"', '--coats is a number', 'for example: '],
  ['paint x --coats 0', '--coats is "0"', '--coats is a number, and has to be above 0', 'for example: '],
  ['paint x --coats 10', '--coats is "10"', '--coats is a number, and has to be at most 9', 'for example: '],
  ['paint x --coats 1.5', '--coats is "1.5"', '--coats is a number, and has to be a whole number', 'for example: '],
])('%s: a value that cannot be is shown with what it has to be', async (line, what, why, next) => {
  const { error } = await typed(line)
  expect(error).toMatchObject({ code: 'BAD_INPUT', what: `./understudy paint: ${what}`, why })
  expect(error?.next?.startsWith(next), String(error?.next)).toBe(true)
})

test('several values that cannot be are told at once', async () => {
  const { error } = await typed('paint x --colour blue --coats many')
  expect(error?.what).toBe('./understudy paint: --colour is "blue", --coats is "many"')
  expect(error?.why).toBe('--colour is red or green; --coats is a number')
})
