// One prediction, asked for in the project's own words.
import type { ModelVersion } from '../tracking/port.ts'
import { findVersion, type VersionChoice } from './evaluate-version.ts'
import { cannotServe } from './open-version.ts'
import { placeOf, RECIPE } from './recipe-lines.ts'
import { readRequest } from './request-row.ts'
import type { LifecycleRooms } from './rooms.ts'
import { predictRows } from './scoring.ts'

/** The prediction of the version chosen; `say` hears the recipe's lines. */
export async function predictOne(
  rooms: LifecycleRooms,
  request: { model: string; choice: VersionChoice; texts: Readonly<Record<string, string>> },
  say: (line: string) => void,
): Promise<{ version: ModelVersion; value: number }> {
  const columns = readRequest(rooms.project, request.texts)
  const version = await findVersion(rooms, request.model, request.choice, say)
  say(RECIPE.useCase('predict'))
  const [value] = await predictRows(rooms.tracking, { model: request.model, version: version.version }, columns, 1)
  say(RECIPE.modelLoaded(placeOf(rooms)))
  if (value === undefined) throw new Error('one row was asked for and no prediction came')
  if (!Number.isFinite(value)) throw cannotServe(version, `answers ${value} to these values`)
  return { version, value }
}
