// What a server without transactions lacks, made of what it has: a parameter of a run is written once, and whoever comes second is refused
// and told. One run's parameters are therefore cells that exactly one of many can fill: they settle who started a run that several started
// at once, and which move of a model is its next one. The run lies in an experiment of its own, which everybody finds by its name; that a
// name can be taken once only settles whose run it is.

import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { sha256 } from '../kernel/json.ts'
import type { RemoteContext } from './remote-context.ts'
import { createRun, deleteRun, findRequested, readRun } from './remote-create-run.ts'
import { type ExperimentRead, experimentNamed } from './remote-experiments.ts'
import { Nothing, textsOf } from './remote-wire.ts'
import { isRefusal } from './rest-errors.ts'

/** The experiment that the cells lie in. */
const LEDGER = 'understudy ledger'
/** On that experiment: its run. */
const RUN_TAG = 'understudy.ledger'

export interface Ledger {
  /** Lays a text of ASCII into a cell, once and for all. Returns the one that lies there: this one, or one that came before. */
  settle(cell: string, text: string): Promise<string>
  /** The run whose parameters are a model's book of moves; null if there is none and none is to be made. */
  bookOf(model: string, options: { make: boolean }): Promise<string | null>
}

interface Root {
  readonly experimentId: string
  readonly runId: string
}

export function openLedger(context: RemoteContext): Ledger {
  let root: Promise<Root> | null = null
  const books = new Map<string, string>()
  const made = async (): Promise<Root> => {
    root ??= findRoot(context).then((found) => found ?? makeRoot(context))
    root.catch(() => {
      root = null // what failed once is tried again
    })
    return await root
  }
  return {
    settle: async (cell, text) => await writeOnce(context, (await made()).runId, cell, text),
    async bookOf(model, { make }) {
      const known = books.get(model)
      if (known !== undefined) return known
      const place = make ? await made() : await findRoot(context)
      if (place === null) return null
      const runId = make ? await electBook(context, place, model) : await findBook(context, place, model)
      if (runId !== null) books.set(model, runId)
      return runId
    },
  }
}

/** Writes a parameter unless it is there. Returns what it is now. Throws `CONFLICT` for a run that was deleted. */
export async function writeOnce(context: RemoteContext, runId: string, key: string, value: string): Promise<string> {
  try {
    await context.rest.post('runs/log-parameter', { run_id: runId, key, value }, Nothing)
    return value
  } catch (error) {
    if (!isRefusal(error, 'INVALID_PARAMETER_VALUE')) throw error
    const { info, data } = await readRun(context, runId)
    const earlier = textsOf(data.params)[key]
    if (earlier !== undefined) return earlier
    if (info.lifecycle_stage === 'deleted') throw deleted(`the run ${runId} of the experiment "${LEDGER}"`)
    throw error
  }
}

async function findRoot(context: RemoteContext): Promise<Root | null> {
  const experiment = await experimentNamed(context, LEDGER)
  if (experiment === null) return null
  if (experiment.isDeleted) throw deleted(`the experiment "${LEDGER}"`)
  const runId = experiment.tags[RUN_TAG]
  if (runId !== undefined) return { experimentId: experiment.id, runId }
  throw new PlannedError('CONFLICT', `the experiment "${LEDGER}" is not ours`, {
    why: `Understudy keeps there what settles who comes first, and this one lacks the tag ${RUN_TAG}`,
    next: 'give it another name in MLflow',
  })
}

/** Makes the experiment with its run under a name of nobody's, then takes the name: that can be done by one only. */
async function makeRoot(context: RemoteContext): Promise<Root> {
  const { rest } = context
  const draft = `${LEDGER} ${newId()}`
  const { experiment_id } = await rest.create(
    'experiments/create',
    { name: draft },
    z.object({ experiment_id: z.string() }),
    async () => {
      const found: ExperimentRead | null = await experimentNamed(context, draft)
      return found === null ? null : { experiment_id: found.id }
    },
  )
  const run = await createRun(context, { experimentId: experiment_id, name: 'ledger', tags: {}, request: newId() })
  const runId = run.info.run_id
  await rest.post('experiments/set-experiment-tag', { experiment_id, key: RUN_TAG, value: runId }, Nothing)
  try {
    await rest.post('experiments/update', { experiment_id, new_name: LEDGER }, Nothing)
    return { experimentId: experiment_id, runId }
  } catch (error) {
    const winner = await findRoot(context)
    if (winner === null) throw error
    if (winner.experimentId !== experiment_id) await rest.post('experiments/delete', { experiment_id }, Nothing)
    return winner
  }
}

/** The book of a model; of several that were begun at once the one that was settled on. */
async function electBook(context: RemoteContext, { experimentId, runId }: Root, model: string): Promise<string> {
  const request = requestOf(model)
  const [found] = await findRequested(context, experimentId, request)
  const candidate = found ?? (await createRun(context, { ...bookRun(experimentId, model), request }))
  const own = candidate.info.run_id
  const winner = await writeOnce(context, runId, `book.${request}`, own)
  if (winner !== own && found === undefined) await deleteRun(context, own)
  return winner
}

async function findBook(context: RemoteContext, { experimentId, runId }: Root, model: string): Promise<string | null> {
  const request = requestOf(model)
  const found = await findRequested(context, experimentId, request)
  if (found.length <= 1) return found[0]?.info.run_id ?? null
  const { data } = await readRun(context, runId)
  return textsOf(data.params)[`book.${request}`] ?? null
}

function bookRun(experimentId: string, model: string) {
  return { experimentId, name: `moves of ${model}`.slice(0, 250), tags: { 'understudy.moves_of': model } }
}

function requestOf(model: string): string {
  return sha256(`moves of ${model}`).slice(0, 32)
}

function deleted(what: string): PlannedError {
  return new PlannedError('CONFLICT', `${what} was deleted in MLflow`, {
    why: 'what settles who comes first lies there, and the history of stages',
    next: 'restore it there',
  })
}
