// Starts servers as people do, in processes of their own: Understudy's, and the real `mlflow server`.
import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const START_LIMIT_MS = 120_000
const STOP_LIMIT_MS = 20_000

export interface Server extends AsyncDisposable {
  /** `http://127.0.0.1:5000` */
  readonly address: string
  readonly port: number
  readonly child: ChildProcess
  /** From the start of the process to the first answer of /health. */
  readonly startMs: number
  /** What it has printed so far. */
  said(): string
}

interface Starting {
  readonly command: string
  readonly args: readonly string[]
  readonly port: number
  readonly environment?: Readonly<Record<string, string>>
  readonly folder?: string
}

/** Understudy's server on a home, by `./understudy server` as people start it. `settings` and `args` are added. */
export async function startUnderstudy(
  home: string,
  { args = [], settings = {} }: { args?: readonly string[]; settings?: Readonly<Record<string, string>> } = {},
): Promise<Server> {
  const port = await freePort()
  return await startServer({
    command: './understudy',
    args: ['server', '--port', String(port), ...args],
    port,
    environment: { UNDERSTUDY_HOME: home, UNDERSTUDY_DOTENV: `${home}/.env`, ...settings },
  })
}

/** The real server, with one worker and no runner of jobs unless told otherwise: it then needs a third of the time to start. */
export async function startMlflow(
  python: string,
  folder: string,
  {
    args = ['--workers', '1'],
    settings,
  }: { args?: readonly string[]; settings?: Readonly<Record<string, string>> } = {},
): Promise<Server> {
  const port = await freePort()
  return await startServer({
    command: python,
    args: ['-m', 'mlflow', 'server', '--host', '127.0.0.1', '--port', String(port), ...args],
    port,
    folder,
    environment: { MLFLOW_DISABLE_TELEMETRY: 'true', ...(settings ?? { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false' }) },
  })
}

async function startServer({ command, args, port, environment, folder = ROOT }: Starting): Promise<Server> {
  const { PATH, HOME } = process.env // no setting of whoever runs this may leak in
  const startedAt = performance.now()
  const child = spawn(command, args, { cwd: folder, env: { PATH, HOME, ...environment }, detached: true })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const address = `http://127.0.0.1:${port}`
  try {
    await answers(address, child, () => said, startedAt)
  } catch (error) {
    endGroup(child, 'SIGKILL')
    throw error
  }
  return {
    address,
    port,
    child,
    startMs: performance.now() - startedAt,
    said: () => said,
    async [Symbol.asyncDispose]() {
      endGroup(child, 'SIGTERM')
      const isClosed = await Promise.race([closed.then(() => true), sleep(STOP_LIMIT_MS, false, { ref: false })])
      if (!isClosed) endGroup(child, 'SIGKILL')
      await closed
    },
  }
}

async function answers(address: string, child: ChildProcess, said: () => string, startedAt: number): Promise<void> {
  while (performance.now() - startedAt < START_LIMIT_MS) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server ended: ${said()}`)
    const answer = await fetch(`${address}/health`).catch(() => null)
    if (answer?.ok) return
    await sleep(5)
  }
  throw new Error(`the server did not start: ${said()}`)
}

/** Servers have children of their own: a signal goes to all of them. */
function endGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal)
  } catch {
    // it is gone already
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const listener = createServer()
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  await new Promise((resolve) => listener.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('a listener on a port has a port')
  return address.port
}

/** A process and everything it started, by their ids. Linux only. */
function treeOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const stat = readText(`/proc/${name}/stat`)
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const below = (id: number): number[] => [id, ...(children.get(id) ?? []).flatMap(below)]
  return below(pid)
}

/** Memory of a process and everything it started, in MiB; pages that several share count once. Linux only. */
export function memoryMb(pid: number): number {
  const kib = treeOf(pid).map((id) => Number(/^Pss:\s+(\d+)/m.exec(readText(`/proc/${id}/smaps_rollup`))?.[1] ?? 0))
  return kib.reduce((sum, part) => sum + part, 0) / 1024
}

/** Time that a process and everything it started have computed for, in the kernel's ticks of 1/100 s. Linux only. */
export function cpuTicks(pid: number): number {
  const times = treeOf(pid).map((id) => {
    const stat = readText(`/proc/${id}/stat`)
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
    return Number(user) + Number(system)
  })
  return times.filter((ticks) => Number.isFinite(ticks)).reduce((sum, ticks) => sum + ticks, 0)
}

/** The most memory that any one process of a tree has held since it began, in MiB. Linux only. */
export function peakMb(pid: number): number {
  const kib = treeOf(pid).map((id) => Number(/^VmHWM:\s+(\d+)/m.exec(readText(`/proc/${id}/status`))?.[1] ?? 0))
  return Math.max(...kib) / 1024
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}
