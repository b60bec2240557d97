// Predictions asked for in the project's own words: one, or a table of them.
import type { ModelVersion } from '../tracking/port.ts'
import type { Batch } from '../warehouse/port.ts'
import { batched, type Scored } from './batched-predictor.ts'
import { findVersion, type VersionChoice } from './evaluate-version.ts'
import { intervalsText } from './intervals.ts'
import { cannotServe, openVersion } from './open-version.ts'
import { openFlags } from './range-flags.ts'
import { placeOf, RECIPE } from './recipe-lines.ts'
import { type RequestTimes, readRequest } from './request-row.ts'
import type { LifecycleRooms } from './rooms.ts'

/** One prediction. */
export interface Predicted {
  readonly version: ModelVersion
  readonly value: number
  /** The interval around it at each level, narrow before wide; none of a version that has none. */
  readonly intervals: readonly { readonly level: number; readonly low: number; readonly high: number }[]
  /** Whence the intervals are, in words; null without any. */
  readonly whence: string | null
}

/** The prediction of the version chosen; `say` hears the recipe's lines. */
export async function predictOne(
  rooms: LifecycleRooms,
  request: { model: string; choice: VersionChoice; texts: Readonly<Record<string, string>>; times?: RequestTimes },
  say: (line: string) => void,
): Promise<Predicted> {
  const columns = readRequest(rooms.project, request.texts, request.times)
  const version = await findVersion(rooms, request.model, request.choice, say)
  say(RECIPE.useCase('predict'))
  await using predictor = await openVersion(rooms.tracking, { model: request.model, version: version.version })
  const { values, intervals } = await predictor.predictWithIntervals(columns, 1)
  const [value] = values
  say(RECIPE.modelLoaded(placeOf(rooms)))
  if (value === undefined) throw new Error('one row was asked for and no prediction came')
  if (!Number.isFinite(value)) throw cannotServe(version, `answers ${value} to these values`)
  return {
    version,
    value,
    intervals: intervals.map(({ level, low, high }) => ({ level, low: low[0] ?? value, high: high[0] ?? value })),
    whence: predictor.intervals === null ? null : intervalsText(predictor.intervals),
  }
}

/**
 * The predictions of the version chosen for rows of raw columns, in their order, with the intervals around them and what is unusual about
 * each; `say` hears the recipe's lines.
 */
export async function predictTable(
  rooms: LifecycleRooms,
  request: { model: string; choice: VersionChoice; times: RequestTimes; columns: Batch['columns']; rows: number },
  say: (line: string) => void,
): Promise<{ version: ModelVersion; whence: string | null } & Scored> {
  const { project, tracking } = rooms
  const version = await findVersion(rooms, request.model, request.choice, say)
  say(RECIPE.useCase('predict'))
  await using predictor = await openVersion(tracking, { model: request.model, version: version.version })
  say(RECIPE.modelLoaded(placeOf(rooms)))
  const names = project.request.map(({ name }) => name)
  const score = batched(predictor, names, openFlags(project, request.times.reading))
  const whence = predictor.intervals === null ? null : intervalsText(predictor.intervals)
  return { version, whence, ...(await score(request.columns, request.rows, { intervals: true })) }
}
