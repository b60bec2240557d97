// Tracking on an MLflow server that is there already, over its REST interface.
import type { ArtifactStore } from '../artifacts/port.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Tracking } from './port.ts'
import { filesAt } from './remote-artifacts.ts'
import { greet, type RemoteContext } from './remote-context.ts'
import { newestRoot, remoteExperiments } from './remote-experiments.ts'
import { openLedger } from './remote-ledger.ts'
import { remoteMoves } from './remote-moves.ts'
import { remoteRegistry } from './remote-registry.ts'
import { remoteRunReading, remoteRunWriting } from './remote-runs.ts'
import { openRest, PATIENCE, type Patience } from './rest.ts'
import type { ServerAddress } from './rest-address.ts'

/** A move takes some tens of milliseconds; one that stands still for this long was cut off. */
const OTHERS_MOVE_MS = 3_000
/** Somebody who is there to be told should not wait long to hear that nothing answers. */
const TRIES_TO_GREET = 3

export interface RemoteTrackingOptions {
  readonly address: ServerAddress
  readonly clock: Clock
  /** Whom runs and versions are attributed to. */
  readonly user: string
  /** A folder of this machine, for a server that keeps its artifacts in one. */
  readonly folder: (path: string) => ArtifactStore
  readonly patience?: Patience
  readonly othersMoveMs?: number
}

/**
 * Tracking on the server at an address, for any number of processes and machines at once. Nothing is asked before the first operation,
 * which first asks the server who it is. Disposing of it gives up what is still being asked.
 *
 * Throws  `BAD_INPUT` for an address that is none. Each operation, beside what the port says: `UNAVAILABLE` if nothing answers for long,
 *         `BAD_INPUT` if what answers is no MLflow server, is too old, or does not let us in.
 */
export function openRemoteTracking(options: RemoteTrackingOptions): Tracking {
  const { address, clock, user, folder, patience = PATIENCE, othersMoveMs = OTHERS_MOVE_MS } = options
  const rest = openRest(address, patience)
  const context: RemoteContext = { rest, clock, user, folder, othersMoveMs }
  const ledger = openLedger(context)
  const greeter = openRest(address, { ...patience, tries: Math.min(patience.tries, TRIES_TO_GREET) })
  let greeted: Promise<string> | null = null
  const greeting = async (): Promise<string> => {
    greeted ??= greet(greeter)
    greeted.catch(() => {
      greeted = null // the next operation asks again
    })
    return await greeted
  }
  const operations = {
    ...remoteExperiments(context),
    ...remoteRunWriting(context, ledger),
    ...remoteRunReading(context),
    ...remoteRegistry(context, ledger),
    ...remoteMoves(context, ledger),
  }
  return {
    ...afterGreeting(operations, greeting),
    async [Symbol.asyncDispose]() {
      for (const line of [greeter, rest]) line.close()
    },
  }
}

/** What a server is asked before anything is kept on it. */
export interface WhoItIs {
  /** Without credentials. */
  readonly address: string
  /** Of MLflow, or `unknown`. */
  readonly version: string
  /** Where it keeps new files of runs, as an address. */
  readonly artifacts: string
}

/** Asks a server who it is, and sees that its files can be reached. Throws what keeps it from being used. */
export async function askWhoItIs(
  address: ServerAddress,
  folder: RemoteTrackingOptions['folder'],
  patience: Patience = { ...PATIENCE, tries: 2 },
): Promise<WhoItIs> {
  const rest = openRest(address, patience)
  const version = await greet(rest)
  const artifacts = await newestRoot(rest)
  if (artifacts !== '') filesAt({ rest, folder }, `${artifacts}/run/artifacts`, 'what is logged there')
  return { address: rest.door.base, version, artifacts }
}

/** The same operations, each of which waits until the server has said who it is. */
function afterGreeting<Operations extends object>(
  operations: Operations,
  greeting: () => Promise<unknown>,
): Operations {
  const entries = Object.entries(operations).map(([name, operation]) => [
    name,
    async (...given: unknown[]) => {
      await greeting()
      return await operation(...given)
    },
  ])
  return Object.fromEntries(entries) as Operations // every one of them is a function that returns a promise
}
