// Runs are made once, whatever is lost on the way: each carries what it was asked for by, and is looked for before it is asked for again.

import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import type { RemoteContext } from './remote-context.ts'
import { Nothing, pairs, REQUEST_TAG, type RunRead, RunShape } from './remote-wire.ts'
import { isRefusal } from './rest-errors.ts'

const OneRun = z.object({ run: RunShape })
export const RunPage = z.object({ runs: z.array(RunShape).default([]), next_page_token: z.string().optional() })

export async function createRun(
  context: RemoteContext,
  run: { experimentId: string; name: string; tags: Readonly<Record<string, string>>; request: string },
): Promise<RunRead> {
  const { experimentId, name, tags, request } = run
  const origin = { 'mlflow.user': context.user, 'mlflow.source.name': 'understudy', 'mlflow.source.type': 'LOCAL' }
  const body = {
    experiment_id: experimentId,
    run_name: name,
    user_id: context.user,
    start_time: context.clock.nowMs(),
    tags: pairs({ ...origin, ...tags, 'mlflow.runName': name, [REQUEST_TAG]: request }),
  }
  const found = await context.rest.create('runs/create', body, OneRun, async () => {
    const [earlier] = await findRequested(context, experimentId, request)
    return earlier === undefined ? null : { run: earlier }
  })
  return found.run
}

/** The runs that were made for a request, in an order that everybody sees alike. One, but for those made by several at the same time. */
export async function findRequested(context: RemoteContext, experimentId: string, request: string): Promise<RunRead[]> {
  const body = { experiment_ids: [experimentId], filter: `tags."${REQUEST_TAG}" = '${request}'`, max_results: 100 }
  const { runs } = await context.rest.post('runs/search', body, RunPage)
  return runs.toSorted((a, b) => a.info.start_time - b.info.start_time || (a.info.run_id < b.info.run_id ? -1 : 1))
}

/** Throws `NOT_FOUND` if there is none. */
export async function readRun({ rest }: RemoteContext, runId: string): Promise<RunRead> {
  try {
    return (await rest.get('runs/get', { run_id: runId }, OneRun)).run
  } catch (error) {
    if (!isRefusal(error, 'RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND', 'INVALID_PARAMETER_VALUE')) throw error
    throw new PlannedError('NOT_FOUND', `there is no run ${runId}`, {
      next: "look its id up among the experiment's runs",
      cause: error,
    })
  }
}

export async function deleteRun({ rest }: RemoteContext, runId: string): Promise<void> {
  await rest.post('runs/delete', { run_id: runId }, Nothing)
}
