// Task `further_look`: what a person's `retrain` asks for, which is another training with other settings, judged on the same holdout.
import type { Decision } from '../flow/decision.ts'
import type { TaskContext } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
import { canonicalJson } from '../kernel/json.ts'
import { Question } from './ask.ts'
import { readRoster } from './champion.ts'
import { whyNotRetrained } from './decision-state.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import { tablesOf, usualSettings } from './project.ts'
import type { Watch } from './raw-table.ts'
import { CycleInput, FirstModelInput, type LifecycleRooms } from './rooms.ts'
import { runFirstRetrain, runRetrain } from './run-cycle.ts'
import { retrainedWith } from './trainer-settings.ts'

/** `watch` sees the run that a further look starts. */
export interface AnsweringRooms extends LifecycleRooms {
  readonly watch: Watch
}

export type FurtherLook = { readonly cycle: CycleOutcome | null; readonly firstModel: FirstModelOutcome | null }

export function furtherLook(rooms: AnsweringRooms) {
  return async (
    { id, set }: { id: number; set: Record<string, string> },
    { signal }: TaskContext,
  ): Promise<FurtherLook> => {
    const further = await furtherInput(rooms, await rooms.engine.decisions.find(id), set)
    const watch = { ...rooms.watch, signal }
    if (further.kind === 'first-model') {
      return { cycle: null, firstModel: await runFirstRetrain(rooms, further.input, watch) }
    }
    const cycle = await runRetrain(rooms, further.input, watch)
    if (cycle.applied) return { cycle, firstModel: null }
    throw new PlannedError('CONFLICT', `the further look for decision ${id} moved nothing`, {
      why: cycle.notes.join('; ') || cycle.reason,
      next: 'the decision goes on waiting; look at ./understudy history and decide anew',
    })
  }
}

type Further =
  | { readonly kind: 'cycle'; readonly input: CycleInput }
  | { readonly kind: 'first-model'; readonly input: FirstModelInput }

/**
 * What the run that asked was asked for, with other settings. Throws `BAD_INPUT` for settings that cannot be, `CONFLICT` where a further
 * look could not be carried out: the rows are of another origin by now, or what serves has learnt them.
 */
export async function furtherInput(
  rooms: LifecycleRooms,
  decision: Decision,
  set: Readonly<Record<string, string>>,
): Promise<Further> {
  const question = Question.parse(decision.question)
  const { input, output } = await rooms.engine.flowRun(decision.flowRunId)
  const holdoutFrom = question.kind === 'cycle' ? (output as CycleOutcome | null)?.holdoutFrom : null // as that flow returns
  const refusal = whyNotRetrained(question, holdoutFrom ?? null, await readRoster(rooms.tracking, question.model))
  if (refusal !== null) throw cannotRetrain(decision.id, refusal)
  const asked = question.kind === 'cycle' ? CycleInput.parse(input) : FirstModelInput.parse(input)
  const raw = await rooms.warehouse.describe(tablesOf(rooms.project, asked).raw)
  if (raw?.origin !== asked.origin) {
    throw cannotRetrain(
      decision.id,
      `it was asked about ${asked.origin} rows, and the table holds ${raw?.origin ?? 'no'} rows now`,
    )
  }
  const usual = (trainer: string) => usualSettings(rooms.project, trainer)
  if (question.kind === 'cycle') {
    const before = CycleInput.parse(input)
    const { tuneTrials, ...after } = {
      ...before,
      ...retrainedWith(before, set, usual),
      challenger: null,
      again: false,
      retrainOf: decision.id,
    }
    // Who names a trainer's settings wants these, not what a search would put in their place.
    const isNamed = canonicalJson(after.trainerSettings) !== canonicalJson(before.trainerSettings)
    const search = isNamed || tuneTrials === undefined ? {} : { tuneTrials }
    return { kind: question.kind, input: { ...after, ...search } }
  }
  const before = FirstModelInput.parse(input)
  const { seed, trainers, trainerSettings } = retrainedWith({ ...before, trainWindow: null, refit: false }, set, usual)
  const after = { ...before, seed, trainers, trainerSettings, waiting: null, retrainOf: decision.id }
  return { kind: question.kind, input: after }
}

function cannotRetrain(id: number, why: string): PlannedError {
  return new PlannedError('CONFLICT', `decision ${id} cannot be answered by retrain`, {
    why,
    next: './understudy decisions says which answers can be given',
  })
}
