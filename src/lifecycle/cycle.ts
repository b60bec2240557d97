// One month of the lifecycle, from fresh rows to a verdict that was carried out, kept and told.
import { flow } from '../flow/flow.ts'
import { askAboutCycle } from './ask.ts'
import { carryOut } from './carry-out.ts'
import { findCast } from './cast.ts'
import { evaluateChampion } from './evaluate-champion.ts'
import { preprocessNewData } from './fresh.ts'
import { makeChallenger } from './make-challenger.ts'
import type { CycleOutcome } from './outcome.ts'
import { recordOutcome } from './record-outcome.ts'
import { refit } from './refit.ts'
import { CycleInput, type LifecycleRooms } from './rooms.ts'
import { tellOutcome } from './tell.ts'
import { tuneTrainers } from './tune-cycle.ts'

/** A cycle's tasks keep the recipe's names. The gate is pure and has no task of its own: it is handed sums per day, not rows. */
export const cycle = flow<LifecycleRooms>()({
  name: 'cycle',
  version: 2,
  input: CycleInput,
  async run({ task, rooms }, input): Promise<CycleOutcome> {
    const fresh = await task('preprocess_new_data', { input }, preprocessNewData(rooms), { retries: 2 })
    const cast = await task('find_champion', { input, fresh }, findCast(rooms), { retries: 2 })
    const { comparison } = cast
    // A cycle that searches for nothing has no such task, as none had before there were searches.
    const isTuned = input.tuneTrials !== undefined && cast.trains && input.challenger === null
    const tuned = isTuned ? { tuned: await task('tune', { input, cast }, tuneTrainers(rooms), { retries: 1 }) } : {}
    const [champion, challenger] = await Promise.all([
      comparison === null
        ? null
        : task('evaluate_production_model', { input, fresh, cast, comparison }, evaluateChampion(rooms), {
            retries: 1,
          }),
      cast.trains ? task('re_train', { input, fresh, cast, ...tuned }, makeChallenger(rooms), { retries: 1 }) : null,
    ])
    const facts = { input, fresh, cast, champion, challenger }
    const carried = await task('transition_model', facts, carryOut(rooms), { retries: 3 })
    const refitted =
      input.refit && carried.promoted && challenger !== null && input.challenger === null
        ? await task('refit', { input, fresh, cast, challenger, ...tuned }, refit(rooms))
        : null
    const isAsked = carried.applied && input.onEscalate === 'ask' && carried.ruling.verdict?.kind === 'escalate'
    const asked = isAsked ? await task('ask_a_person', { input, cast, challenger }, askAboutCycle(rooms)) : null
    const recorded = { ...facts, carried, refitted, asked }
    const outcome = await task('record_outcome', recorded, recordOutcome(rooms), { retries: 3 })
    // A replay asks and tells nobody, and what moved nothing is for whoever looked.
    if (input.onEscalate === 'ask' && outcome.applied) await task('notify', { outcome }, tellOutcome(rooms))
    return outcome
  },
})
