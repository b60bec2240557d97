// The durable engine on one SQLite file: any number of processes on one machine, no server.
import type { Clock } from '../kernel/clock.ts'
import { PlannedError, throwIfCancelled } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { type Random, seededRandom } from '../kernel/random.ts'
import { embeddedDecisions } from './embedded-decisions.ts'
import { runFlow } from './flow-runner.ts'
import { type Journal, openJournal } from './journal.ts'
import { journalText } from './journal-text.ts'
import { currentOwner, type Owner } from './owner.ts'
import type { Engine, Flow, FlowRun, RunOptions } from './port.ts'

/** `random` draws the jitter of retries. The rest is for tests: who this process claims to be, and shorter waits. */
export interface EmbeddedEngineOptions {
  readonly databasePath: string
  readonly clock: Clock
  /** Only looks: no run can be started. */
  readonly readOnly?: boolean
  readonly random?: Random
  readonly owner?: Owner
  /** How long a run stays its process's own without a sign of life. It is renewed four times in that span. */
  readonly leaseMs?: number
  /** How long a task may take to stop once told to. */
  readonly graceMs?: number
}

/**
 * Opens the engine whose journal is the file at `databasePath`, made if absent. Throws as `openSqlite` and `migrate`
 * do.
 */
export async function openEmbeddedEngine(options: EmbeddedEngineOptions): Promise<Engine> {
  const { clock, leaseMs = 10_000, graceMs = 5_000, owner = currentOwner() } = options
  const random = options.random ?? seededRandom(process.pid, clock.nowMs())
  const journal = await openJournal(options.databasePath, clock, leaseMs, options.readOnly)
  const closing = new AbortController()
  const live = new Set<Promise<unknown>>()

  const run: Engine['run'] = async (flow, rooms, input, runOptions) => {
    if (closing.signal.aborted) throw new Error('the engine was closed')
    const work = runOnce({ journal, owner, random, graceMs, closing: closing.signal }, flow, rooms, input, runOptions)
    live.add(work)
    try {
      return await work
    } finally {
      live.delete(work)
    }
  }
  return {
    run,
    decisions: embeddedDecisions(journal.database, clock),
    flowRun: journal.flowRun,
    flowRuns: journal.flowRuns,
    taskRuns: journal.taskRuns,
    taskLog: journal.taskLog,
    async [Symbol.asyncDispose]() {
      closing.abort(
        new PlannedError('CANCELLED', 'the engine was closed', { next: 'run the same command again to go on' }),
      )
      await Promise.allSettled(live)
      await journal.database[Symbol.asyncDispose]()
    },
  }
}

interface Setup {
  readonly journal: Journal
  readonly owner: Owner
  readonly random: Random
  readonly graceMs: number
  readonly closing: AbortSignal
}

async function runOnce<Rooms, Input extends Json, Output extends Json>(
  setup: Setup,
  flow: Flow<Rooms, Input, Output>,
  rooms: Rooms,
  rawInput: Input,
  options: RunOptions,
): Promise<{ run: FlowRun; output: Output; replayed: boolean }> {
  const { journal, owner, random, graceMs, closing } = setup
  const input = journalText(parseInput(flow, rawInput), `the input of flow ${flow.name}`)
  const cancel = options.signal === undefined ? closing : AbortSignal.any([closing, options.signal])
  throwIfCancelled(cancel)
  const taken = await journal.take({
    flow: flow.name,
    version: flow.version,
    key: options.key,
    input,
    whenCompleted: options.whenCompleted ?? 'return',
    lock: options.lock ?? null,
    owner,
  })
  const replayed = taken.kind === 'replayed'
  if (!replayed) await runFlow({ journal, random, graceMs, cancel, onEvent: options.onEvent }, flow, rooms, taken)
  const run = await journal.flowRun(taken.run.id)
  return { run, output: run.output as Output, replayed } // a completed run of this flow, so what its function returned
}

function parseInput<Rooms, Input extends Json, Output extends Json>(
  flow: Flow<Rooms, Input, Output>,
  input: Input,
): Input {
  const parsed = flow.input.safeParse(input)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues.map(({ path, message }) => [...path.map(String), message].join(': '))
  throw new PlannedError('BAD_INPUT', `the input of flow ${flow.name} is not what it takes`, {
    why: faults.join('; '),
    next: 'correct it',
    facts: { flow: flow.name },
    cause: parsed.error,
  })
}
