// What every operation on a tracking server works with, and the first word with that server.

import { z } from 'zod'
import type { ArtifactStore } from '../artifacts/port.ts'
import type { Clock } from '../kernel/clock.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { Rest } from './rest.ts'
import { isPage, notData, notMlflow } from './rest-errors.ts'

/** Older ones lack data sets of runs, or cut what they keep too short. */
const OLDEST = [2, 9] as const

export interface RemoteContext {
  readonly rest: Rest
  readonly clock: Clock
  /** Whom runs and versions are attributed to. */
  readonly user: string
  /** A folder of this machine, for a server that keeps its artifacts in one. */
  readonly folder: (path: string) => ArtifactStore
  /** How long somebody else's move may be under way before it is taken for abandoned. */
  readonly othersMoveMs: number
}

/**
 * Asks a server who it is. Throws `BAD_INPUT` for one that is no MLflow, is too old, or does not let this one in; `UNAVAILABLE` if nothing
 * answers.
 */
export async function greet(rest: Rest): Promise<string> {
  const text = (await rest.text('/version'))?.trim() ?? null
  if (text !== null && isPage(text)) throw notData(rest.door, text, 'GET version')
  const version = text === null ? null : /^(\d+)\.(\d+)(\.\d+)?\S*$/.exec(text)
  if (version === null) {
    await probe(rest) // some who serve MLflow's interface hide its version
    return 'unknown'
  }
  const [, major, minor] = version.map(Number)
  if (major! > OLDEST[0] || (major === OLDEST[0] && minor! >= OLDEST[1])) return text! // the pattern has both groups, and text matched it
  throw new PlannedError('BAD_INPUT', `the MLflow server at ${rest.door.base} is too old`, {
    why: `it is ${text}, and ${OLDEST.join('.')} is the oldest that has all that is used here`,
    next: `bring it up to date (pip install --upgrade mlflow, then mlflow db upgrade), or set MLFLOW_TRACKING_URI to another one`,
    facts: { address: rest.door.base, version: text },
  })
}

async function probe(rest: Rest): Promise<void> {
  try {
    await rest.post('experiments/search', { max_results: 1 }, z.object({}))
  } catch (error) {
    if (error instanceof PlannedError && error.code === 'BAD_DATA') throw notMlflow(rest.door, error.message)
    throw error
  }
}
