// How the program behaves at a terminal, in a pipe and in a script: the real one, in a process of its own.
import { spawn } from 'node:child_process'
import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { COMMANDS } from '../../src/cli/commands/all.ts'
import { ERROR_CODES } from '../../src/kernel/errors.ts'
import { type Ended, openProgram, type Program } from './program.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }
vi.setConfig({ testTimeout: 60_000 }) // each of them starts several processes

const ESCAPE = '\u001b'
const SPINNER = /[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/

let program: Program
let first: Ended
beforeAll(async () => {
  program = await openProgram(DELIVERIES)
  first = await program.run(['cycle'])
}, 60_000)
afterAll(() => program[Symbol.asyncDispose]())

/** Words that make a command do its work here and fast. The others are given none: then help is needed, or little is done. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  replay: ['--from', '2020-04', '--to', '2020-04'],
  train: ['--to', '2020-04-01'],
  evaluate: ['--from', '2020-04-01', '--to', '2020-05-01'],
  'data show': ['deliveries_raw_small', '--rows', '2'],
  'data drop': ['nothing_of_this_name'],
  'models show': ['1'],
  promote: ['--version', '1', '--why', 'to see it said'],
  completion: ['bash'],
  server: ['--host', '0.0.0.0'], // one that is refused: any other goes on
}
/** What ends with 0 for everybody who has run a month; the rest may be refused, in JSON too. */
const SUCCEED = [
  'cycle',
  'replay',
  'train',
  'evaluate',
  'predict',
  'preprocess',
  'data',
  'data show',
  'models',
  'models show',
]

/** Runs a line of shell in the project's folder, with the same settings as every other call. */
async function shell(line: string, settings: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const { PATH, HOME } = process.env
  const environment = { PATH, HOME, UNDERSTUDY_HOME: program.home, ...DELIVERIES, ...settings }
  const child = spawn('bash', ['-c', line], { cwd: ROOT, env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  return await new Promise((resolve) => child.on('close', (code, signal) => resolve({ code, signal, out, err })))
}

/** An error in JSON is the last line of standard error. */
function errorIn({ err }: Ended): { code: string; what: string; why: string; next: string; facts: object } {
  return JSON.parse(err.trim().split('\n').at(-1) ?? '').error
}

test('every command answers in JSON: its result on standard output, or its error as the last line of the other', async () => {
  const waiting = [...COMMANDS]
  const answer = async (): Promise<void> => {
    for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
      const { name } = command
      const ended = await program.run([...name.split(' '), ...(WORDS[name] ?? []), '--json'])
      const told = `${name}: ${ended.code} ${ended.err}`
      if (SUCCEED.includes(name)) expect(ended.code, told).toBe(0)
      expect(ended.out + ended.err, told).not.toContain(ESCAPE)
      if (ended.out !== '') expect(() => JSON.parse(ended.out), told).not.toThrow()
      if (ended.code === 0) expect(ended.out, told).not.toBe('')
      else
        expect(errorIn(ended), told).toMatchObject({
          code: expect.stringMatching(/^[A-Z_]+$/),
          next: expect.any(String),
        })
      expect(ended.code, told).not.toBe(1) // a bug
    }
  }
  await Promise.all([answer(), answer()]) // they read and write one home at once, as people and scripts do
})

test('in a pipe nothing moves and nothing is coloured', async () => {
  expect(first, first.err).toMatchObject({ code: 0 })
  expect(first.err).toContain('✓ train a challenger (re_train)')
  expect(first.out + first.err).not.toContain(ESCAPE)
  expect(first.out + first.err).not.toMatch(SPINNER)
})

test('FORCE_COLOR colours what is read, NO_COLOR forbids it, and JSON is never coloured', async () => {
  const forced = await program.run(['cycle'], { FORCE_COLOR: '1' })
  const headline = forced.out.split('\n').find((line) => /PROMOTE|KEEP|ASK A PERSON/.test(line)) ?? ''
  expect(headline.startsWith(`${ESCAPE}[1m${ESCAPE}[3`), JSON.stringify(headline)).toBe(true)
  expect(headline.endsWith(`${ESCAPE}[39m${ESCAPE}[22m`), JSON.stringify(headline)).toBe(true)
  expect((await program.run(['cycle'], { FORCE_COLOR: '1', NO_COLOR: '1' })).out).not.toContain(ESCAPE)
  expect((await program.run(['cycle', '--json'], { FORCE_COLOR: '1' })).out).not.toContain(ESCAPE)
})

test('a reader that stops reading is no failure', async () => {
  const { code, out, err } = await shell('set -o pipefail; ./understudy data show deliveries_raw_small | head -n 1')
  expect(code, err).toBe(0)
  expect(out).toBe('minutes,left_at,distance_km,parcels\n')
  expect(err).toBe('')
})

test('without words, with help and with --help it helps; --version is one line', async () => {
  const bare = await program.run([])
  expect([bare.code, bare.err]).toEqual([0, ''])
  expect(bare.out).toContain('Usage: ./understudy COMMAND')
  const { out } = await program.run(['help', 'data', 'import'])
  expect(out).toContain('Usage: ./understudy data import <file>')
  expect((await program.run(['data', 'import', '--help'])).out).toBe(out)
  expect((await program.run(['--version'])).out).toMatch(/^understudy \d+\.\d+\.\d+\n$/)
})

test('what is mistyped comes out in three lines, with what was meant', async () => {
  for (const [words, what, next] of [
    [['data', 'improt'], 'there is no command "data improt"', 'did you mean: ./understudy data import'],
    [['models', '--jsn'], './understudy models: there is no option --jsn', 'did you mean --json'],
    [['data', 'import'], './understudy data import: <file> is missing', 'for example: ./understudy data import'],
    [
      ['data', 'show', 'x', '--layout', 'recipie'],
      './understudy data show: --layout is "recipie"',
      'did you mean recipe',
    ],
    [['models', '--project', 'nowhere'], 'there is no project "nowhere"', 'name one of'],
  ] as const) {
    const ended = await program.run(words)
    expect([2, 3], ended.err).toContain(ended.code)
    expect(ended.out).toBe('')
    const lines = ended.err.trimEnd().split('\n')
    expect(lines.map((line) => line.slice(0, 7).trim())).toEqual(['underst', 'why:', 'do:'])
    expect(lines[0]).toBe(`understudy: ${what}`)
    expect(lines[2]).toContain(next)
  }
})

test('a script gets the error as one JSON object, whatever is wrong', async () => {
  const unknown = await program.run(['--json', 'modles'])
  expect([unknown.code, unknown.out]).toEqual([2, ''])
  expect(errorIn(unknown)).toMatchObject({ code: 'BAD_INPUT', what: 'there is no command "modles"', facts: {} })
  const settings = await program.run(['models', '--json'], { SEED: 'many', GATE_RULE: 'luck' })
  expect([settings.code, settings.out]).toEqual([2, ''])
  expect(errorIn(settings).what).toContain('SEED is "many"')
  expect(errorIn(settings).what).toContain('GATE_RULE is "luck"')
})

test('a bug shows its stack and asks to be reported, with exit code 1; what was foreseen shows no stack', async () => {
  const broken = join(program.home, 'broken.ts')
  await writeFile(
    broken,
    `import { deliveries } from ${JSON.stringify(join(ROOT, 'tests/deliveries/project.ts'))}
export const project = { ...deliveries(), specification: () => { throw new TypeError('a slip in a project') } }\n`,
  )
  const bug = await program.run(['data', 'show', 'deliveries_raw_small'], { UNDERSTUDY_PROJECT: broken })
  expect(bug.code, bug.err).toBe(1)
  expect(bug.err).toContain('understudy: this is a bug: TypeError: a slip in a project\n')
  expect(bug.err).toMatch(/\n {2}do: {2}please report it/)
  expect(bug.err).toMatch(/\n {4}at .*broken\.ts/)
  const foreseen = await program.run(['data', 'show', 'nowhere'])
  expect(foreseen.code).toBe(3)
  expect(foreseen.err).not.toMatch(/\n\s+at /)
})

test('bash completes the commands with what the program prints, even where the project is broken', async () => {
  const line = `source <(./understudy completion bash)
    COMP_WORDS=(./understudy data im); COMP_CWORD=2; _understudy; printf '%s' "\${COMPREPLY[*]}"`
  expect(await shell(line, { UNDERSTUDY_PROJECT: 'nowhere.ts', SEED: 'many' })).toMatchObject({
    out: 'import',
    err: '',
  })
})

test('on a terminal there are colours; NO_COLOR and a dumb one have none (skipped where `script` is not installed)', async (context) => {
  if ((await shell('script --version')).code !== 0) context.skip()
  const on = (words: string, settings: Record<string, string>): Promise<Ended> =>
    shell(`script -qec './understudy ${words}' /dev/null`, settings)
  expect((await on('data', { TERM: 'xterm' })).out).toContain(`${ESCAPE}[2m`)
  expect((await on('data', { TERM: 'xterm', NO_COLOR: '1' })).out).not.toContain(ESCAPE)
  expect((await on('nonsense', { TERM: 'xterm' })).out).toContain(`${ESCAPE}[31munderstudy:`)
  const dumb = await on('train --to 2020-04-01', { TERM: 'dumb', SEED: '1' })
  expect(dumb.out).toContain('✓')
  expect(dumb.out).not.toContain(ESCAPE)
  expect(dumb.out).not.toMatch(SPINNER)
})

test('./understudy runs a command, and with --node any script, on the Node that was installed', async () => {
  const script = join(program.home, 'script.ts')
  await writeFile(script, 'const major: string = process.versions.node; console.log(major, process.argv[2])')
  const ran = await shell(`./understudy --node '${script}' there`)
  expect(ran, ran.err).toMatchObject({ code: 0 })
  expect(ran.out).toMatch(/^2[4-9]\.\d+\.\d+ there\n$/)
  expect((await shell('./understudy --version')).out).toMatch(/^understudy \d/)
})

test('before anything is installed the launcher says what to do, in the same three lines', async () => {
  const launcher = join(program.home, 'launcher.mjs')
  await copyFile(join(ROOT, 'launcher.mjs'), launcher)
  const { code, out, err } = await shell(`'${process.execPath}' '${launcher}' cycle`)
  expect([code, out]).toEqual([ERROR_CODES.UNAVAILABLE.exitCode, ''])
  expect(err).toMatch(/^understudy: the packages are not installed yet\n {2}why: .+\n {2}do: {2}run make install\n$/)
})
