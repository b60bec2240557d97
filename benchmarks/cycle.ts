// Seconds and peak memory of every step: a first cycle and a replay of six months, on simulated rides, and on real ones if a file
// is given:
//   make bench            node launcher.mjs --node benchmarks/cycle.ts [real-rides.parquet]
// The Python stack this takes over from needs, on the real rides and a quiet machine of two cores: 17 s to fit the first model, 30 s
// for the whole first training, 21 s a month, 217 s for servers, first model and six months, and 5.2 GB of memory.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
/** The whole walk of the Python stack, measured once on a quiet machine. */
const PYTHON_STACK = { seconds: 217, peakMb: 5200 }

const [realRides] = process.argv.slice(2)
console.log(
  `load average before: ${loadavg()
    .map((load) => load.toFixed(2))
    .join(' ')}`,
)
await walk('simulated rides, DATA_SIZE=200k', { DATA_SIZE: '200k' }, [])
if (realRides === undefined) console.log('\nreal rides: skipped; give a Parquet or CSV file of rides to run them')
else await walk('real rides, DATA_SIZE=all', { DATA_SIZE: 'all' }, ['data', 'import', realRides, '--table', 'raw_all'])

async function walk(
  title: string,
  settings: Readonly<Record<string, string>>,
  before: readonly string[],
): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'understudy-bench-'))
  try {
    console.log(`\n${title}`)
    const environment = { ...process.env, ...settings, UNDERSTUDY_HOME: home }
    if (before.length > 0) await measured('import', before, environment)
    const first = await measured('cycle', ['cycle'], environment)
    printSteps(first.steps)
    const replay = await measured('replay', ['replay'], environment)
    printSteps(replay.steps)
    console.log(
      `  whole walk (first model, six months): ${(PYTHON_STACK.seconds / replay.seconds).toFixed(1)} times faster than the Python stack's ` +
        `${PYTHON_STACK.seconds} s, ${(PYTHON_STACK.peakMb / replay.peakMb).toFixed(1)} times less memory than its ${PYTHON_STACK.peakMb} MB`,
    )
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

interface Measured {
  readonly seconds: number
  readonly peakMb: number
  /** Seconds by task, added up. */
  readonly steps: ReadonlyMap<string, number>
}

/** Runs one command in a process of its own. */
async function measured(name: string, args: readonly string[], environment: NodeJS.ProcessEnv): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'understudy-peak-'))
  const peakFile = join(folder, 'peak')
  const startedAt = performance.now()
  const err = await new Promise<string>((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        '--import',
        join(ROOT, 'benchmarks/peak-memory.ts'),
        join(ROOT, 'src/main/cli.ts'),
        ...args,
      ],
      { cwd: ROOT, env: { ...environment, PEAK_MEMORY_FILE: peakFile }, stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let text = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    child.on('error', reject)
    child.on('close', (code) => (code === 0 ? resolve(text) : reject(new Error(`${name} ended with ${code}: ${text}`))))
  })
  const seconds = (performance.now() - startedAt) / 1000
  const peakMb = Number(readFileSync(peakFile, 'utf8')) / 1024
  rmSync(folder, { recursive: true, force: true })
  console.log(`  ${name.padEnd(28)} ${seconds.toFixed(1).padStart(6)} s  peak ${peakMb.toFixed(0)} MiB`)
  const steps = new Map<string, number>()
  for (const [, task, took] of err.matchAll(/✓ .*?\(?(\w+)\)? +([\d.]+) s$/gm)) {
    if (task !== undefined) steps.set(task, (steps.get(task) ?? 0) + Number(took))
  }
  return { seconds, peakMb, steps }
}

function printSteps(steps: ReadonlyMap<string, number>): void {
  for (const [task, seconds] of steps) console.log(`    ${task.padEnd(26)} ${seconds.toFixed(1).padStart(6)} s`)
}
