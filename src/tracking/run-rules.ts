// The rules of what a run may be told, the same for every store.
import { PlannedError } from '../kernel/errors.ts'
import { canonicalJson, type Json } from '../kernel/json.ts'
import { checkKey, checkText, paramValue } from './names.ts'
import type { DatasetInput, RunStatus } from './port.ts'

/** The tag that MLflow shows as a run's name; the column follows it. */
export const NAME_TAG = 'mlflow.runName'
/** The tag of an input that says what it was read for. */
export const CONTEXT_TAG = 'mlflow.data.context'

/** A status as it is stored. */
export function statusOf(status: string | null): RunStatus {
  return status === 'FINISHED' || status === 'FAILED' || status === 'KILLED' ? status : 'RUNNING' // MLflow also knows SCHEDULED
}

/** Throws `CONFLICT` for a run that may not be written to: it has ended, or was deleted. */
export function refuseSealed(runId: string, { isDeleted, status }: { isDeleted: boolean; status: RunStatus }): void {
  if (isDeleted) {
    throw new PlannedError('CONFLICT', `run ${runId} was deleted, so nothing can be written to it`, {
      next: 'restore it in MLflow or start a new run',
    })
  }
  if (status === 'RUNNING') return
  throw new PlannedError('CONFLICT', `run ${runId} ended as ${status} and is sealed, so nothing can be written to it`, {
    next: 'start a new run',
    facts: { runId, status },
  })
}

/** What has to be written of these parameters, given those that are there. Throws `CONFLICT` for one that is there with another value. */
export function newParams(
  runId: string,
  earlier: ReadonlyMap<string, string>,
  params: Readonly<Record<string, string>>,
): { key: string; value: string }[] {
  return Object.entries(params).flatMap(([key, given]) => {
    const value = paramValue(given)
    const before = earlier.get(key)
    if (before === undefined) return [{ key, value }]
    if (before === value) return []
    throw new PlannedError(
      'CONFLICT',
      `the parameter ${key} of run ${runId} was logged as ${JSON.stringify(before)} and cannot become ${JSON.stringify(value)}`,
      {
        why: 'a parameter is written once',
        next: 'use another name, or start another run',
        facts: { runId, key, before, value },
      },
    )
  })
}

/** Checks the names of tags, and a run's name among them. */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  for (const key of Object.keys(tags)) checkKey('tag', key)
  if (tags[NAME_TAG] !== undefined) checkText('run name', tags[NAME_TAG], { max: 250 })
}

/** What a data set's parts are stored as. */
export interface Texts {
  readonly source: string
  readonly schema: string | null
  readonly profile: string | null
}

/** Throws `BAD_INPUT` for a part that is longer than MLflow's column. */
export function textsOfInput(input: DatasetInput): Texts {
  const textOf = (value: Json): string | null => (value === null ? null : canonicalJson(value))
  const texts = { source: canonicalJson(input.source), schema: textOf(input.schema), profile: textOf(input.profile) }
  checkText('data set name', input.name, { max: 500 })
  checkText('data set digest', input.digest, { max: 36 })
  checkText('data set source type', input.sourceType, { max: 36 })
  checkText('data set context', input.context, { max: 500 })
  checkText('data set source', texts.source, { max: 65_535 })
  checkText('data set schema', texts.schema ?? '', { max: 1_048_575, mayBeBlank: true })
  checkText('data set profile', texts.profile ?? '', { max: 16_777_215, mayBeBlank: true })
  return texts
}

/** A data set that a run has already, for another purpose. */
export function otherContext(runId: string, input: DatasetInput, earlier: string): PlannedError {
  return new PlannedError(
    'CONFLICT',
    `run ${runId} has the data set "${input.name}" (${input.digest}) as "${earlier}" and cannot have it as "${input.context}" too`,
    {
      why: 'MLflow holds one link per run and data set',
      next: 'give the other part a name or digest of its own',
      facts: { runId, dataset: input.name },
    },
  )
}
