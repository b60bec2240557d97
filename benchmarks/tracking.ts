// Understudy's server beside the real `mlflow server`, as it comes and with one worker, on the same work:
//   MLFLOW_PYTHON=.venvs/mlflow-3.17.2/bin/python node launcher.mjs --node benchmarks/tracking.ts [understudy]
// Without MLFLOW_PYTHON the environment that `make test` sets up is used; with the word `understudy` only ours is measured.
// The load comes from a process of its own (http-load.ts). All search the same 5,000 runs: the file that ours made is copied to the others.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { executable } from '../tests/conformance/python-env.ts'
import { cpuTicks, memoryMb, type Server, startMlflow, startUnderstudy } from '../tests/conformance/servers.ts'
import { openLoad } from './load.ts'
import { MEASURES, makeSearchedRuns, measureAll } from './tracking-work.ts'

const SECONDS = Number(process.env.BENCH_SECONDS ?? 4)
const STARTS = 3

type Start = (folder: string) => Promise<Server>
interface Measured {
  readonly name: string
  readonly figures: ReadonlyMap<string, number>
}

/** The rows of the table: unit, and whether more is better. */
const ROWS = new Map<string, readonly [unit: string, better: 'less' | 'more']>([
  ['start, the database there', ['s', 'less']],
  ['memory when idle', ['MiB', 'less']],
  ...Object.entries(MEASURES),
  ['memory after all that', ['MiB', 'less']],
])

const scratch = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
const python = process.env.MLFLOW_PYTHON ?? executable('mlflow-3.17.2', 'python')
try {
  const before = loadavg().map((value) => value.toFixed(2))
  console.log(`${cpus().length} cores, load average before: ${before.join(' ')}; ${SECONDS} s for each rate`)
  const [home, asItCame, single] = [join(scratch, 'ours'), join(scratch, 'as-it-comes'), join(scratch, 'one-worker')]
  mkdirSync(home)
  const beginning = await startUnderstudy(home)
  await makeSearchedRuns(beginning.port)
  await beginning[Symbol.asyncDispose]()
  for (const folder of [asItCame, single]) copyRuns(home, folder)
  const all = [await measured('Understudy', startUnderstudy, home)]
  if (!process.argv.includes('understudy')) {
    const asItComes: Start = (folder) => startMlflow(python, folder, { args: [], settings: {} })
    all.push(await measured('as it comes', asItComes, asItCame))
    all.push(await measured('one worker', (folder) => startMlflow(python, folder), single))
  }
  console.log(`\n${tableOf(all)}`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

/** One server, on a folder that has the runs to search. */
async function measured(name: string, start: Start, folder: string): Promise<Measured> {
  console.log(`\n${name}`)
  const figures = new Map<string, number>()
  const tell = (measure: string, figure: number): void => {
    figures.set(measure, figure)
    console.log(`  ${measure.padEnd(36)} ${figureText(figure)} ${ROWS.get(measure)?.[0]}`)
  }
  const startsMs: number[] = []
  for (let nth = 1; nth < STARTS; nth++) {
    await using server = await start(folder)
    startsMs.push(server.startMs)
  }
  await using server = await start(folder)
  startsMs.push(server.startMs)
  tell('start, the database there', startsMs.sort((a, b) => a - b)[STARTS >> 1]! / 1000)
  const pid = server.child.pid ?? 0
  await settled(pid)
  tell('memory when idle', memoryMb(pid))
  using load = openLoad()
  await measureAll({ port: server.port, load, seconds: SECONDS }, tell)
  tell('memory after all that', memoryMb(pid))
  return { name, figures }
}

/** Waits until a server does nothing any more: workers go on loading long after the first answer. */
async function settled(pid: number): Promise<void> {
  for (let before = -1, quiet = 0; quiet < 3; ) {
    await sleep(1000)
    const now = cpuTicks(pid)
    quiet = now - before <= 5 ? quiet + 1 : 0 // a hundred to the second
    before = now
  }
}

/** Copies what ours made to where the real server looks, in the journal mode that it uses itself. */
function copyRuns(home: string, folder: string): void {
  mkdirSync(folder)
  const database = new DatabaseSync(join(home, 'mlflow.db'))
  database.prepare('vacuum into ?').run(join(folder, 'mlflow.db'))
  database.close()
}

/** The ratios are against the better of the other columns. */
function tableOf(all: readonly Measured[]): string {
  const [ours, ...theirs] = all
  const lines = [...ROWS].map(([name, [unit, better]]) => {
    const own = ours?.figures.get(name) ?? Number.NaN
    const others = theirs.map(({ figures }) => figures.get(name) ?? Number.NaN)
    const best = better === 'more' ? Math.max(...others) : Math.min(...others)
    const ratio = better === 'more' ? own / best : best / own
    const cells = [own, ...others].map(figureText)
    return `| ${name} | ${unit} | ${cells.join(' | ')} |${theirs.length === 0 ? '' : ` ${ratio.toPrecision(3)} |`}`
  })
  const heads = ['', 'unit', ...all.map(({ name }) => name), ...(theirs.length === 0 ? [] : ['times better'])]
  return [`| ${heads.join(' | ')} |`, `|${heads.map(() => ' --- |').join('')}`, ...lines].join('\n')
}

function figureText(figure: number): string {
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3)
}
