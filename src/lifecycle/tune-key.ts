// What makes a search by hand the same search: what it is asked for, and the rows, features and settings that it rests on.
import { specificationDigest } from '../features/specification.ts'
import { digestOf, type JsonObject } from '../kernel/json.ts'
import { fingerprintOf } from './preprocess.ts'
import { specificationFor, tablesOf, usualSettings } from './project.ts'
import type { LifecycleRooms } from './rooms.ts'
import type { TuneInput } from './tune-input.ts'

/** Of the flow `tune`: raised when its tasks are others. */
export const TUNE_VERSION = 1

/** The rows, features and usual settings that a search rests on, as digests and values. */
export async function searchBasis(rooms: LifecycleRooms, input: TuneInput): Promise<JsonObject> {
  const { project, warehouse } = rooms
  const learnt = { fromMs: input.learnFromMs, toMs: input.toMs }
  return {
    raw: await fingerprintOf(warehouse, tablesOf(project, input).raw, learnt),
    features: specificationDigest(specificationFor(project, input.timeReading, input.trainer)),
    usual: usualSettings(project, input.trainer),
  }
}

/** The key of a search by hand. */
export function searchKey(input: TuneInput, basis: JsonObject): string {
  const { store, model, origin, trainer } = input
  const digest = digestOf({ ...input, ...basis, version: TUNE_VERSION }).slice(0, 12)
  return `${store}/${model}/${origin}/${trainer}/${digest}`
}
