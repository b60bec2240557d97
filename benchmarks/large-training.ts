// One training of the benchmark of large tables, in this process: what it is told and what it tells crosses as JSON.
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { TimeWindow } from '../src/kernel/window.ts'
import { trainMlpWith } from '../src/learning/mlp.ts'
import { MLP_DEFAULTS } from '../src/learning/mlp-settings.ts'
import { openKernels } from '../src/learning/network-kernels.ts'
import { openWindowRows, sampleInMemory } from '../src/lifecycle/window-rows.ts'
import { openWarehouse } from '../src/main/open-warehouse.ts'
import { makeTrainingScratch } from '../src/main/training-scratch.ts'
import { trainInThread } from '../src/main/training-thread.ts'
import { project } from './large-project.ts'

export interface LargeJob {
  readonly home: string
  readonly trainer: string
  readonly fit: TimeWindow
  readonly earlyStop: TimeWindow
  readonly seed: number
  /** How rows are shuffled, if not as they usually are. */
  readonly held: { readonly heldBytes?: number; readonly bucketBytes?: number } | null
  /** Of the network. */
  readonly epochs: number
}

export interface LargeOutcome {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly peakMib: number
  readonly mae: number
}

const settingsOf = ({ trainer, epochs }: LargeJob): Readonly<Record<string, number>> =>
  trainer === 'mlp' ? { epochs } : { trees: 50, leaves: 63, patience: 50 }
const TABLE = 'large_processed_all'

process.once('message', async (job: LargeJob) => {
  const startedAt = performance.now()
  const mae = job.held === null ? await trainAsUsual(job) : await trainShuffledBy(job, job.held)
  const { user, system } = process.cpuUsage()
  const outcome: LargeOutcome = {
    seconds: (performance.now() - startedAt) / 1000,
    cpuSeconds: (user + system) / 1e6,
    peakMib: process.resourceUsage().maxRSS / 1024,
    mae,
  }
  process.send?.(outcome, () => process.exit())
})

/** As the program does it: in a worker thread, which reads the warehouse. */
async function trainAsUsual(job: LargeJob): Promise<number> {
  const { home, trainer, fit, earlyStop, seed } = job
  const projectPath = fileURLToPath(new URL('./large-project.ts', import.meta.url))
  const request = {
    ...{ table: TABLE, fit, earlyStop, trainer, seed },
    settings: settingsOf(job),
    steps: null,
    timeReading: 'utc' as const,
    warmStart: null,
    metadata: {},
  }
  const { signal } = new AbortController()
  const log = (line: string): void => (line.startsWith('   ') ? console.log(line) : undefined)
  const result = await trainInThread({ home, projectPath })(request, { signal, onEpoch: () => undefined, log })
  return result.earlyStopMae ?? Number.NaN
}

/** The network, its rows shuffled otherwise than their number asks for. */
async function trainShuffledBy(told: LargeJob, held: NonNullable<LargeJob['held']>): Promise<number> {
  const { home, fit, earlyStop, seed } = told
  await using warehouse = await openWarehouse(home)
  await using scratch = await makeTrainingScratch(home)
  const specification = project.specification('utc')
  const source = { warehouse, table: TABLE, specification, signal: new AbortController().signal }
  const { rows } = await sampleInMemory(await openWindowRows(source, earlyStop), Number.POSITIVE_INFINITY)
  const job = {
    specification,
    fit: await openWindowRows(source, fit),
    earlyStop: rows,
    settings: { ...MLP_DEFAULTS, ...settingsOf(told) },
    ...{ steps: null, warmStart: null, seed },
    threads: availableParallelism(),
    scratch: scratch.path,
  }
  const open = async (plan: Parameters<typeof openKernels>[0]) => {
    const engine = await openKernels(plan)
    if (engine === null) throw new Error('the kernels are needed: npm run build')
    return engine
  }
  return (await trainMlpWith(job, open, held)).earlyStopMae ?? Number.NaN
}
