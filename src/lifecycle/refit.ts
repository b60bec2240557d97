// Task `refit`: the promoted challenger's recipe once more on the whole month. Other weights than those judged, so another version.
import type { TaskContext } from '../flow/port.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import type { Intervals } from '../learning/intervals.ts'
import { intervalsOf } from '../learning/model-file.ts'
import type { ModelVersion } from '../tracking/port.ts'
import { type Cast, learnsHistory } from './cast.ts'
import { TAG } from './champion.ts'
import { ensureProcessed, type Fresh, MONTH_SPLIT } from './fresh.ts'
import { type Challenger, tunedTags } from './make-challenger.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { predictRows, readCleaned } from './scoring.ts'
import { causeOf, takeProduction } from './stage-moves.ts'
import { closeTraining, trainVersion } from './train-version.ts'
import { settingsFor } from './trainer-settings.ts'
import type { Tuned } from './tune-cycle.ts'

type Input = {
  readonly input: CycleInput
  readonly fresh: Fresh
  readonly cast: Cast
  readonly challenger: Challenger
  readonly tuned?: Tuned
}

/** What became of it, in words. */
export type Refitted = { readonly note: string }

/** The refitted version takes over only if its answers are close to those that were judged: a tenth of the threshold on average. */
const CLOSE_ENOUGH = 0.1

/** A refit that fails leaves the promotion as it is: the judged version serves, and the note says why. */
export function refit(rooms: LifecycleRooms) {
  return async (facts: Input, context: TaskContext): Promise<Refitted> => {
    const { input, fresh, challenger } = facts
    const judged = await rooms.tracking.version(input.model, challenger.version)
    try {
      await ensureProcessed(rooms, input, input, context)
      const version = await trainAgain(rooms, { ...facts, judged }, context)
      return { note: await replaceIfClose(rooms, { input, fresh, judged, version }, context.effectKey) }
    } catch (error) {
      if (context.signal.aborted) throw error
      return {
        note: `it could not be fitted again on the whole month (${messageOf(error)}); v${judged.version} serves as it was judged`,
      }
    }
  }
}

async function trainAgain(
  rooms: LifecycleRooms,
  { input, cast, judged, tuned }: Omit<Input, 'fresh'> & { readonly judged: ModelVersion },
  context: TaskContext,
): Promise<ModelVersion> {
  const trainer = judged.tags[TAG.trainer] ?? ''
  const warm = cast.warmStarts[trainer] ?? null
  const plan = {
    trainer,
    settings: { ...settingsFor(trainer, input.trainerSettings), ...tuned?.settings[trainer] },
    fit: {
      fromMs: learnsHistory(input, trainer, cast.warmStarts[trainer]) ? rooms.project.historyFromMs : input.fromMs,
      toMs: input.toMs,
    },
    earlyStop: null,
    steps: Number(judged.tags[TAG.keptSteps]),
    warmStart: warm === null ? null : await rooms.tracking.version(input.model, warm),
    seed: input.seed,
    splitRatio: MONTH_SPLIT,
    inherits: await inheritedFrom(rooms, judged),
    tags: { [TAG.refitOf]: String(judged.version), [TAG.measured]: 'false', ...tunedTags(tuned, trainer) },
  }
  const version = await trainVersion(rooms, input, [plan], context, cast.runId)
  await closeTraining(rooms, version, null, { subject: input, holdout: null }, context)
  return version
}

/** The intervals of the judged version, marked as its own; null where it has none. */
async function inheritedFrom({ tracking }: LifecycleRooms, judged: ModelVersion): Promise<Intervals | null> {
  const intervals = intervalsOf(await tracking.readModelFile(judged.name, judged.version, 'model.onnx'))
  return intervals === null ? null : { ...intervals, inheritedFrom: intervals.inheritedFrom ?? judged.version }
}

interface Pair {
  readonly input: CycleInput
  readonly fresh: Fresh
  readonly judged: ModelVersion
  readonly version: ModelVersion
}

async function replaceIfClose(rooms: LifecycleRooms, pair: Pair, effectKey: string): Promise<string> {
  const { input, judged, version } = pair
  const distance = await meanDistance(rooms, pair)
  const allowed = CLOSE_ENOUGH * input.threshold
  const { unit } = rooms.project.metric
  const evidence = { meanAbsoluteDistance: Number.isFinite(distance) ? distance : null, allowed }
  const how = Number.isFinite(distance) ? `${distance.toFixed(3)} ${unit} apart on average` : 'not all numbers'
  const refused = async (why: string): Promise<string> => {
    const note = `v${version.version}, fitted again on the whole month, was not taken: ${why}`
    const move = { version: version.version, to: 'Archived', expect: 'None', cause: causeOf(note, evidence) } as const
    try {
      await rooms.tracking.move(input.model, [move], `${effectKey}/archive`)
      return note
    } catch (error) {
      if (!isPlanned(error, 'CONFLICT')) throw error
      return `${note}; somebody has moved it since (${messageOf(error)})`
    }
  }
  if (!(distance < allowed)) {
    return await refused(
      `on the holdout its answers and v${judged.version}'s are ${how} (allowed ${allowed.toFixed(3)}); v${judged.version} serves`,
    )
  }
  const note = `v${version.version} is v${judged.version} fitted again on the whole month; on the holdout their answers are ${how} (allowed ${allowed.toFixed(3)}). Its own error is not measured before next month`
  try {
    const moves = takeProduction(
      { number: version.version, from: 'None' },
      { number: judged.version, reason: `replaced by its refit v${version.version}` },
      causeOf(note, evidence),
    )
    await rooms.tracking.move(input.model, moves, `${effectKey}/move`)
    return note
  } catch (error) {
    if (!isPlanned(error, 'CONFLICT')) throw error
    return await refused(`stages were moved meanwhile (${messageOf(error)})`)
  }
}

/** Mean absolute distance of two versions' predictions on the holdout; NaN if either gives no number somewhere. */
async function meanDistance(rooms: LifecycleRooms, { input, fresh, judged, version }: Pair): Promise<number> {
  const { rows, columns } = await readCleaned(rooms, input, { fromMs: fresh.holdoutFromMs, toMs: input.toMs })
  const { [rooms.project.specification(input.timeReading).target]: _, ...inputs } = columns
  const one = await predictRows(rooms.tracking, { model: input.model, version: judged.version }, inputs, rows)
  const other = await predictRows(rooms.tracking, { model: input.model, version: version.version }, inputs, rows)
  let sum = 0
  for (let row = 0; row < rows; row++) sum += Math.abs(one[row]! - other[row]!)
  return sum / rows
}
