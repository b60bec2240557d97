// Names, aliases, stages and numbers in the model registry, as MLflow takes them, and what they are refused with.
import type { Stage } from '../tracking/port.ts'
import { invalid, MlflowError } from './error.ts'
import { checkLength, checkPlainPath } from './limits.ts'

// What MLflow's columns hold, in characters. SQLite would keep more, PostgreSQL fails.
const MAX_MODEL_NAME = 256
const MAX_ALIAS = 255
const MAX_DESCRIPTION = 5000
const MAX_RUN_ID = 32
const MAX_RUN_LINK = 500

/** The tag that makes a registered model, or a version, a prompt: MLflow keeps both in the same tables. */
const PROMPT_TAG = 'mlflow.prompt.is_prompt'

const STAGES: readonly Stage[] = ['None', 'Staging', 'Production', 'Archived']

/** Checks the name of a registered model: something, no `/` or `:`, and a plain file name. `field` says which field it came in. */
export function checkModelName(name: string, field: 'name' | 'new_name' = 'name'): void {
  if (name.trim() === '') throw invalid(`Missing value for required parameter '${field}'.`)
  if (/[/:]/.test(name)) throw invalid(`Invalid model name '${name}'. Names cannot contain '/' or ':'.`)
  checkPlainPath(name, 'name')
  checkLength(field, name, MAX_MODEL_NAME)
}

/** Checks an alias that is asked for. */
export function checkAlias(alias: string): void {
  if (alias === '') throw invalid('Registered model alias name cannot be empty.')
  if (!/^[\p{L}\p{N}_-]+$/u.test(alias)) {
    throw invalid(
      `Invalid alias name: '${alias}'. Names may only contain alphanumerics, underscores (_), and dashes (-).`,
    )
  }
  checkLength('Registered model alias name', alias, MAX_ALIAS)
}

/** Checks an alias that is given: `latest` and `v1` mean something already. */
export function checkNewAlias(alias: string): void {
  checkAlias(alias)
  if (alias.toLowerCase() === 'latest') throw invalid("'latest' alias name (case insensitive) is reserved.")
  if (/^v\p{Nd}+$/iu.test(alias)) throw invalid(`Version alias name '${alias}' is reserved.`)
}

/** The number of a version, which comes as a text. One that no version has is not refused here. */
export function versionNumber(text: string): number {
  const digits = /^\s*([+-]?\d+)\s*$/.exec(text)?.[1]
  if (digits === undefined) throw invalid(`Parameter 'version' must be an integer, got '${text}'.`)
  return Number(digits)
}

/** A stage by its name, in capitals or not. */
export function stageNamed(text: string): Stage {
  const stage = STAGES.find((known) => known.toLowerCase() === text.toLowerCase())
  if (stage !== undefined) return stage
  throw invalid(`Invalid Model Version stage: ${text}. Value must be one of ${STAGES.join(', ')}.`)
}

export function checkDescription(description: string): void {
  checkLength('description', description, MAX_DESCRIPTION)
}

export function checkRunFields({ runId, runLink }: { runId: string; runLink: string }): void {
  checkLength('run_id', runId, MAX_RUN_ID)
  checkLength('run_link', runLink, MAX_RUN_LINK)
}

/** Whether tags make what has them a prompt; of two with one key the last counts. */
export function isPrompt(tags: readonly { readonly key: string; readonly value: string | null }[]): boolean {
  return tags.findLast(({ key }) => key === PROMPT_TAG)?.value?.toLowerCase() === 'true'
}

/** A name that is taken: by one of the same kind, or by one of the other. */
export function nameTaken(name: string, { isOldPrompt, isNewPrompt }: Record<'isOldPrompt' | 'isNewPrompt', boolean>) {
  const kind = (isOne: boolean): string => (isOne ? 'Prompt' : 'Registered Model')
  const message =
    isOldPrompt === isNewPrompt
      ? `${kind(isNewPrompt)} (name=${name}) already exists.`
      : `Tried to create a ${kind(isNewPrompt).toLowerCase()} with name '${name}', but the name is already taken by a ${kind(isOldPrompt).toLowerCase()}. A model and a prompt cannot share one.`
  return new MlflowError('RESOURCE_ALREADY_EXISTS', message)
}
