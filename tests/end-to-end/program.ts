// Runs the program as a person does: the launcher, in a process of its own, with a home of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** A process and its end. */
export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

export interface Program {
  readonly home: string
  /** `./understudy …`, to its end. */
  run(args: readonly string[], settings?: Readonly<Record<string, string>>): Promise<Ended>
  /** The result of `./understudy … --json`; throws what was said if the exit code is not 0. */
  json<T>(args: readonly string[], settings?: Readonly<Record<string, string>>): Promise<T>
  /** `make …`, to its end; the packages are taken as installed. */
  make(target: string, settings?: Readonly<Record<string, string>>): Promise<Ended>
  /** Starts `make …` as a terminal does, in a process group of its own: a signal to `-child.pid` reaches everything in it. */
  startMake(target: string, settings?: Readonly<Record<string, string>>): Started
  /** Starts `./understudy …` and hands over the process itself, no launcher in between. */
  start(args: readonly string[], settings?: Readonly<Record<string, string>>): Started
  [Symbol.asyncDispose](): Promise<void>
}

/** A program with an empty home. `settings` hold for every call. */
export async function openProgram(settings: Readonly<Record<string, string>> = {}): Promise<Program> {
  const home = await mkdtemp(join(tmpdir(), 'understudy-home-'))
  const { PATH, HOME } = process.env
  const NODE_COMPILE_CACHE = join(tmpdir(), 'understudy-code-cache') // halves the time a process needs to start
  // No setting of whoever runs the tests may leak in.
  const environment = (more: Readonly<Record<string, string>>) => ({
    PATH,
    HOME,
    NODE_COMPILE_CACHE,
    UNDERSTUDY_HOME: home,
    UNDERSTUDY_DOTENV: join(home, '.env'), // a checkout may have one of its own
    ...settings,
    ...more,
  })
  const begin = (
    command: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
    detached = false,
  ): Started => {
    const stdio = ['ignore', 'pipe', 'pipe'] as const
    const child = spawn(command, args, { cwd: ROOT, env: environment(more), stdio: [...stdio], detached })
    return { child, ended: endOf(child) }
  }
  const beginMake = (target: string, more?: Readonly<Record<string, string>>, detached = false): Started =>
    begin('make', ['--silent', '--old-file=node_modules/.installed', target], more, detached)
  const program: Program = {
    home,
    run: (args, more) => begin(process.execPath, ['launcher.mjs', ...args], more).ended,
    async json<T>(args: readonly string[], more?: Readonly<Record<string, string>>): Promise<T> {
      const ended = await program.run([...args, '--json'], more)
      if (ended.code !== 0) throw new Error(`exit code ${ended.code}: ${ended.err}`)
      return JSON.parse(ended.out)
    },
    make: (target, more) => beginMake(target, more).ended,
    startMake: (target, more) => beginMake(target, more, true),
    start: (args, more) =>
      begin(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/main/cli.ts', ...args], more),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  }
  return program
}

function endOf(child: ChildProcess): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.on('error', reject)
  child.on('close', (code, signal) => resolve({ code, signal, out, err }))
  return promise
}
