// The scripts whose answers are compared: what each holds, and what the real server answers to it.
import type { Json, JsonObject } from '../../src/kernel/json.ts'

/** Script, and the sentence that holds. */
export const SCRIPTS = {
  tracking: 'experiments, nested runs, special numbers, inputs, batches and artifacts read back as they were written',
  histories: 'histories of 25,000 points and more come back whole and in order',
  search: 'every search finds, orders and refuses what the real server does',
  autolog: 'scikit-learn and LightGBM log by themselves, and the models they log answer',
  models: 'models are logged, registered, staged, aliased and loaded by every address',
} as const

export type Script = keyof typeof SCRIPTS

/** What a client of MLflow 2 is told: the same without what came with MLflow 3. */
export function answersOfMlflow2(script: Script, answers: Json): Json {
  if (script !== 'models' && script !== 'search') return answers
  const { 'logged models': _, ...rest } = asObject(answers)
  if (script === 'search') return rest
  const { id: _id, ...loaded } = asObject(rest.loaded)
  return { ...rest, loaded }
}

function asObject(value: Json | undefined): JsonObject {
  if (typeof value === 'object' && value !== null && !isList(value)) return value
  throw new Error('these answers are an object')
}

/** `Array.isArray` does not know lists that may only be read. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}
