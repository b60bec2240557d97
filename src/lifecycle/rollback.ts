// Moving Production back to a version that held it before, in one step.
import { z } from 'zod'
import { flow } from '../flow/flow.ts'
import type { FlowRun } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { canonicalJson, type JsonObject } from '../kernel/json.ts'
import type { Cause, ModelVersion, Move, Transition } from '../tracking/port.ts'
import { type Roster, readRoster } from './champion.ts'
import { lockOf } from './cycle-key.ts'
import { refuseOthersModel, requireModel } from './model-owner.ts'
import { checkEntering } from './open-version.ts'
import { finishStopped, hasMoved } from './resume.ts'
import type { LifecycleRooms } from './rooms.ts'
import { takeProduction } from './stage-moves.ts'
import { tellRollback } from './tell.ts'

/** What serves, and what is to serve in its place. */
export interface Rollback {
  /** The version in Production; null if there is none. */
  readonly from: ModelVersion | null
  readonly to: ModelVersion
}

/**
 * What a rollback goes back to: the version asked for, or the one that was in Production before the present one first was. So a second
 * rollback goes further back, and never to what the first one left. Null if there is no such version; `to` must have been in Production.
 */
export function rollbackOf({ versions, history }: Roster, to: number | null): Rollback | null {
  const from = versions.find(({ stage }) => stage === 'Production') ?? null
  const reigns = history.filter((transition) => transition.to === 'Production').map(({ version }) => version)
  // Where nothing serves, somebody has withdrawn the last one that did: that is not what to go back to.
  const last = from?.version ?? reigns.at(-1)
  const first = last === undefined ? 0 : reigns.indexOf(last)
  const candidates = to === null ? reigns.slice(0, first).reverse() : reigns.filter((version) => version === to)
  for (const number of candidates) {
    const version = versions.find((one) => one.version === number)
    if (version !== undefined && version.stage !== 'Production') return { from, to: version }
  }
  return null
}

/** A cause with evidence that more can be said beside. */
export type NamedCause = Omit<Cause, 'evidence'> & { readonly evidence: JsonObject }

/** The moves of a rollback. A version that gives way to one is marked, so that no later training starts from it. */
export function rollbackMoves({ from, to }: Rollback, cause: NamedCause): Move[] {
  return takeProduction(
    { number: to.version, from: to.stage },
    { number: from?.version ?? null, reason: `rolled back to v${to.version}: ${cause.reason}` },
    { ...cause, evidence: { rolledBackTo: to.version, ...cause.evidence } },
  )
}

const Request = z.object({ model: z.string(), to: z.int().nullable(), actor: z.string(), reason: z.string() })
type Request = z.infer<typeof Request>

const rollback = flow<LifecycleRooms>()({
  name: 'rollback',
  version: 1,
  input: Request,
  async run({ task, rooms, flowRunId }, input): Promise<{ moves: number[] }> {
    const plan = await task('plan_rollback', input, async (asked): Promise<{ moves: Move[] }> => {
      const chosen = rollbackOrThrow(await readRoster(rooms.tracking, asked.model), asked)
      const { actor, reason } = asked
      const moves = rollbackMoves(chosen, { actor, reason, evidence: { flowRun: flowRunId } })
      await checkEntering(rooms, asked.model, moves)
      return { moves }
    })
    const moved = await task('transition_model', { input, plan }, async (facts, { effectKey }) => {
      const made = await rooms.tracking.move(input.model, facts.plan.moves, `${effectKey}/move`)
      return { moves: made.map(({ id }) => id) }
    })
    await task('notify', { input, plan }, tellRollback(rooms))
    return moved
  },
})

/**
 * Moves Production back, and tells it. Throws `NOT_FOUND` if there is nothing to go back to, `CONFLICT` while a cycle of the model runs or if
 * others move stages meanwhile, `BAD_INPUT` for a version that never was in Production.
 */
export async function rollbackByHand(rooms: LifecycleRooms, request: Request): Promise<readonly Transition[]> {
  const { model } = request
  await requireModel(rooms, model)
  await refuseOthersModel(rooms, model)
  const { history } = await readRoster(rooms.tracking, model)
  const prefix = `${rooms.store}/${model}/`
  // One that was stopped after it had moved Production is finished: given again, it must not go one further back.
  const stopped = { prefix, hasBegun: (run: FlowRun) => hasMoved(history, run) }
  const finished = await finishStopped(rooms, rollback, stopped, {})
  const isTheSame = finished !== null && canonicalJson(finished.run.input) === canonicalJson(request)
  const options = { key: `${prefix}${newId()}`, lock: lockOf(model) } // every decision of a person is one of its own
  const { moves } = isTheSame ? finished.output : (await rooms.engine.run(rollback, rooms, request, options)).output
  return (await rooms.tracking.history(model)).filter(({ id }) => moves.includes(id))
}

function rollbackOrThrow(roster: Roster, { model, to }: Pick<Request, 'model' | 'to'>): Rollback {
  const found = rollbackOf(roster, to)
  if (found !== null) return found
  if (to === null) {
    throw new PlannedError('NOT_FOUND', `${model} has no version to go back to`, {
      why: 'none was in Production before the present one, or none of those is left',
      next: 'promote another version with ./understudy promote, or see ./understudy history',
    })
  }
  const version = roster.versions.find((one) => one.version === to)
  if (version === undefined) {
    throw new PlannedError('NOT_FOUND', `there is no version ${to} of ${model}`, {
      next: './understudy models lists them',
    })
  }
  throw version.stage === 'Production'
    ? new PlannedError('CONFLICT', `v${to} of ${model} is in Production already`, { next: 'there is nothing to do' })
    : new PlannedError('BAD_INPUT', `v${to} of ${model} was never in Production, so it is nothing to go back to`, {
        next: `to put it there all the same: ./understudy promote ${model} --version ${to} --why "…"`,
      })
}
