// Predictions asked for in the project's own words: one, or a table of them.
import type { ModelVersion } from '../tracking/port.ts'
import type { Batch } from '../warehouse/port.ts'
import { batched, type Scored } from './batched-predictor.ts'
import { findVersion, type VersionChoice } from './evaluate-version.ts'
import { cannotServe, openVersion } from './open-version.ts'
import { openFlags } from './range-flags.ts'
import { placeOf, RECIPE } from './recipe-lines.ts'
import { type RequestTimes, readRequest } from './request-row.ts'
import type { LifecycleRooms } from './rooms.ts'
import { predictRows } from './scoring.ts'

/** The prediction of the version chosen; `say` hears the recipe's lines. */
export async function predictOne(
  rooms: LifecycleRooms,
  request: { model: string; choice: VersionChoice; texts: Readonly<Record<string, string>>; times?: RequestTimes },
  say: (line: string) => void,
): Promise<{ version: ModelVersion; value: number }> {
  const columns = readRequest(rooms.project, request.texts, request.times)
  const version = await findVersion(rooms, request.model, request.choice, say)
  say(RECIPE.useCase('predict'))
  const [value] = await predictRows(rooms.tracking, { model: request.model, version: version.version }, columns, 1)
  say(RECIPE.modelLoaded(placeOf(rooms)))
  if (value === undefined) throw new Error('one row was asked for and no prediction came')
  if (!Number.isFinite(value)) throw cannotServe(version, `answers ${value} to these values`)
  return { version, value }
}

/** The predictions of the version chosen for rows of raw columns, in their order, with what is unusual about each; `say` hears the recipe's lines. */
export async function predictTable(
  rooms: LifecycleRooms,
  request: { model: string; choice: VersionChoice; times: RequestTimes; columns: Batch['columns']; rows: number },
  say: (line: string) => void,
): Promise<{ version: ModelVersion } & Scored> {
  const { project, tracking } = rooms
  const version = await findVersion(rooms, request.model, request.choice, say)
  say(RECIPE.useCase('predict'))
  await using predictor = await openVersion(tracking, { model: request.model, version: version.version })
  say(RECIPE.modelLoaded(placeOf(rooms)))
  const names = project.request.map(({ name }) => name)
  const score = batched(predictor, names, openFlags(project, request.times.reading))
  return { version, ...(await score(request.columns, request.rows)) }
}
