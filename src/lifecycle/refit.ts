// Task `refit`: the promoted challenger's recipe once more on the whole month. Other weights than those judged, so another version.
import type { TaskContext } from '../flow/port.ts'

import type { ModelVersion } from '../tracking/port.ts'
import { stageLines } from './carry-out.ts'
import { type Cast, learnsHistory } from './cast.ts'
import { TAG } from './champion.ts'
import type { Fresh } from './fresh.ts'
import type { Challenger } from './make-challenger.ts'
import type { StageLine } from './outcome.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { predictRows, readCleaned } from './scoring.ts'
import { closeTraining, trainVersion } from './train-version.ts'

type Input = {
  readonly input: CycleInput
  readonly fresh: Fresh
  readonly cast: Cast
  readonly challenger: Challenger
}

/** The refitted version takes over only if its answers are close to those that were judged: a tenth of the threshold on average. */
const CLOSE_ENOUGH = 0.1

export function refit(rooms: LifecycleRooms) {
  return async (
    { input, fresh, cast, challenger }: Input,
    context: TaskContext,
  ): Promise<{ stages: StageLine[]; note: string }> => {
    const judged = await rooms.tracking.version(input.model, challenger.version)
    const trainer = judged.tags[TAG.trainer] ?? ''
    const steps = Number(judged.tags[TAG.keptSteps])
    if (input.challenger !== null || trainer === '' || !Number.isInteger(steps)) {
      const note = `v${judged.version} was made elsewhere, so it cannot be fitted again here; it serves as it was judged`
      return { stages: await stageLines(rooms, input.model), note }
    }
    const warm = cast.warmStarts[trainer] ?? null
    const version = await trainVersion(
      rooms,
      input,
      [
        {
          trainer,
          fit: { fromMs: learnsHistory(input, trainer) ? rooms.project.historyFromMs : input.fromMs, toMs: input.toMs },
          earlyStop: null,
          steps,
          warmStart: warm === null ? null : await rooms.tracking.version(input.model, warm),
          seed: input.seed,
          splitRatio: input.splitRatio,
          tags: { [TAG.refitOf]: String(judged.version), [TAG.measured]: 'false' },
        },
      ],
      context,
      cast.runId,
    )
    await closeTraining(rooms, version, null)
    const note = await replaceIfClose(rooms, { input, fresh, judged, version }, context.effectKey)
    return { stages: await stageLines(rooms, input.model), note }
  }
}

async function replaceIfClose(
  rooms: LifecycleRooms,
  { input, fresh, judged, version }: { input: CycleInput; fresh: Fresh; judged: ModelVersion; version: ModelVersion },
  effectKey: string,
): Promise<string> {
  const distance = await meanDistance(rooms, { input, fresh, judged, version })
  const allowed = CLOSE_ENOUGH * input.threshold
  const { unit } = rooms.project.metric
  const evidence = { meanAbsoluteDistance: Number.isFinite(distance) ? distance : null, allowed }
  const cause = (reason: string) => ({ actor: 'understudy', reason, evidence })
  if (distance < allowed) {
    const note = `v${version.version} is v${judged.version} fitted again on the whole month; on the holdout their answers are ${distance.toFixed(3)} ${unit} apart on average (allowed ${allowed.toFixed(3)}). Its own error is not measured before next month`
    const archived = cause(`replaced by its refit v${version.version}`)
    await rooms.tracking.move(
      input.model,
      [
        { version: judged.version, to: 'Archived', cause: archived },
        { version: version.version, to: 'Production', cause: cause(note) },
      ],
      `${effectKey}/move`,
    )
    return note
  }
  const how = Number.isFinite(distance) ? `${distance.toFixed(3)} ${unit} apart on average` : 'not all numbers'
  const note = `v${version.version}, fitted again on the whole month, was not taken: on the holdout its answers and v${judged.version}'s are ${how} (allowed ${allowed.toFixed(3)}); v${judged.version} serves`
  await rooms.tracking.move(
    input.model,
    [{ version: version.version, to: 'Archived', cause: cause(note) }],
    `${effectKey}/move`,
  )
  return note
}

/** Mean absolute distance of two versions' predictions on the holdout; NaN if either gives no number somewhere. */
async function meanDistance(
  rooms: LifecycleRooms,
  { input, fresh, judged, version }: { input: CycleInput; fresh: Fresh; judged: ModelVersion; version: ModelVersion },
): Promise<number> {
  const { rows, columns } = await readCleaned(rooms, input, { fromMs: fresh.holdoutFromMs, toMs: input.toMs })
  const { [rooms.project.specification(input.timeReading).target]: _, ...inputs } = columns
  const one = await predictRows(rooms.tracking, { model: input.model, version: judged.version }, inputs, rows)
  const other = await predictRows(rooms.tracking, { model: input.model, version: version.version }, inputs, rows)
  let sum = 0
  for (let row = 0; row < rows; row++) sum += Math.abs(one[row]! - other[row]!)
  return sum / rows
}
