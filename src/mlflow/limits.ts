// What MLflow accepts as names, keys and values, refused in its words. Lengths are in characters (code points), as Python counts.
import { invalid } from './error.ts'
import { pythonFloat, pythonJson } from './python-json.ts'
import { pythonText } from './python-text.ts'

const MAX_KEY = 250
const MAX_PARAM_VALUE = 6000
const MAX_TAG_VALUE = 8000
const MAX_EXPERIMENT_NAME = 500
const MAX_EXPERIMENT_TAG_VALUE = 20_000
const MAX_REGISTRY_TAG_VALUE = 100_000
const MAX_RUN_NAME = 250

export const MAX_METRICS_PER_BATCH = 1000
export const MAX_PARAMS_OR_TAGS_PER_BATCH = 100
const MAX_ENTITIES_PER_BATCH = 1000

/** How MLflow ends what it says about a wrong request. */
export const SEE_DOCS = 'See the API docs for more information about request parameters.'

/** What to do with values that are too long. */
interface LongValues {
  readonly cutsLongValues?: boolean | undefined
}

const BAD_CHARACTER =
  'Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).'

/** Names that were found plain: the same few come again and again. */
const KNOWN_PLAIN = new Set<string>()
const MOST_KNOWN = 4096

/** `Invalid value "x" for parameter 'name' supplied: why` */
function invalidValue(path: string, value: unknown, why?: string): Error {
  const said = `Invalid value ${pythonJson(value)} for parameter '${path}' supplied`
  return invalid(why === undefined ? `${said}.` : `${said}: ${why}`)
}

/** Checks a metric's name. `at` is its place in a batch: `metrics[3]`. */
export function checkMetricName(name: string, at = ''): void {
  checkName(name, joined(at, 'name'))
  checkLength('Metric name', name, MAX_KEY)
}

/** Checks a metric's time, which may not be before 1970. */
export function checkMetricTime(metric: { key: string; value: number; timestamp: number | bigint }, at = ''): void {
  if (metric.timestamp >= 0) return
  throw invalidValue(
    joined(at, 'timestamp'),
    metric.timestamp,
    `metric '${metric.key}' (value=${pythonFloat(metric.value)}). Timestamp must be a nonnegative long (64-bit integer) `,
  )
}

export function checkParamName(name: string, at = ''): void {
  checkName(name, joined(at, 'key'))
  checkLength('Param key', name, MAX_KEY)
}

/** Checks the key of a run's tag. */
export function checkTagName(name: string, at = ''): void {
  checkName(name, joined(at, 'key'))
  checkLength(joined(at, 'key'), name, MAX_KEY)
}

/** A parameter's value as it is kept: cut at 6000 characters, or refused if the server was told not to cut. */
export function paramValue(value: string, { cutsLongValues = true }: LongValues): string {
  if (cutsLongValues) return cut(value, MAX_PARAM_VALUE)
  checkLength('Param value', value, MAX_PARAM_VALUE)
  return value
}

/** The value of a run's tag as it is kept: cut at 8000 characters, or refused if the server was told not to cut. */
export function tagValue(value: string, { cutsLongValues = true }: LongValues, at = ''): string {
  if (cutsLongValues) return cut(value, MAX_TAG_VALUE)
  checkLength(joined(at, 'value'), value, MAX_TAG_VALUE)
  return value
}

/** Checks the name of an experiment: anything but nothing, up to 500 characters. */
export function checkExperimentName(name: string): void {
  if (name === '') throw invalid("Invalid experiment name: ''")
  checkLength('name', name, MAX_EXPERIMENT_NAME)
}

export function checkExperimentTag(key: string, value: string): void {
  checkName(key, 'key')
  checkLength('key', key, MAX_KEY)
  checkLength('value', value, MAX_EXPERIMENT_TAG_VALUE)
}

/** Checks a tag of a registered model or of a version. */
export function checkRegistryTag(key: string, value: string): void {
  checkName(key, 'key')
  checkLength('key', key, MAX_KEY)
  checkLength('value', value, MAX_REGISTRY_TAG_VALUE)
}

/** Checks a run's name, which its column holds up to 250 characters of. */
export function checkRunName(name: string): void {
  checkLength('run_name', name, MAX_RUN_NAME)
}

/** Checks the form of a run's id, where MLflow does. */
export function checkRunId(runId: string): void {
  if (!/^[a-zA-Z0-9][\p{L}\p{N}_-]{0,255}$/u.test(runId)) throw invalidValue('run_id', runId)
}

/** Checks how much one batch holds. */
export function checkBatch({ metrics, params, tags }: { metrics: number; params: number; tags: number }): void {
  checkCount('metrics', metrics, MAX_METRICS_PER_BATCH)
  checkCount('params', params, MAX_PARAMS_OR_TAGS_PER_BATCH)
  checkCount('tags', tags, MAX_PARAMS_OR_TAGS_PER_BATCH)
  checkCount('metrics, params, and tags', metrics + params + tags, MAX_ENTITIES_PER_BATCH)
}

/** Refuses a batch that has a parameter twice. */
export function checkParamsUnique(keys: readonly string[]): void {
  const seen = new Set<string>()
  const twice: string[] = []
  for (const key of keys) {
    if (seen.has(key)) twice.push(key)
    seen.add(key)
  }
  if (twice.length === 0) return
  throw invalid(
    `Duplicate parameter keys have been submitted: ${pythonText(twice)}. Please ensure the request contains only one param value per param key.`,
  )
}

/** Refuses a text of more than `max` characters. */
export function checkLength(what: string, text: string, max: number): void {
  if (isLonger(text, max)) throw invalid(`'${what}' exceeds the maximum length of ${max} characters`)
}

/** Refuses a name that would mean another one if it were a path. */
export function checkPlainPath(name: string, path: string): void {
  const normal = name === '' ? '.' : normalPath(name)
  if (normal === name && name !== '.' && !name.startsWith('..') && !name.startsWith('/')) return
  throw invalidValue(
    path,
    name,
    'Names may be treated as files in certain cases, and must not resolve to other names when treated as such. ' +
      `This name would resolve to ${pythonText(normal)}`,
  )
}

function checkName(name: string, path: string): void {
  if (KNOWN_PLAIN.has(name)) return
  if (!/^[/\p{L}\p{N}_.\- :]*$/u.test(name)) throw invalidValue(path, name, BAD_CHARACTER)
  checkPlainPath(name, path)
  if (KNOWN_PLAIN.size < MOST_KNOWN && name.length <= MAX_KEY) KNOWN_PLAIN.add(name)
}

/**
 * As Python's `posixpath.normpath`: without a slash at the end, and keeping two slashes at the beginning. Node's takes the square of a
 * name's length where dots follow dots.
 */
function normalPath(name: string): string {
  const root = /^\/\/(?!\/)/.test(name) ? '//' : name.startsWith('/') ? '/' : ''
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    const isUp = part === '..' && (parts.length > 0 ? parts.at(-1) !== '..' : root !== '')
    if (isUp) parts.pop()
    else parts.push(part)
  }
  return `${root}${parts.join('/')}` || '.'
}

/** Refuses more of something than one request may hold. */
export function checkCount(what: string, count: number, max: number): void {
  if (count <= max) return
  throw invalid(
    `A batch logging request can contain at most ${max} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`,
  )
}

function cut(value: string, max: number): string {
  return isLonger(value, max) ? [...value.slice(0, 2 * max)].slice(0, max).join('') : value
}

function isLonger(text: string, max: number): boolean {
  return text.length > 2 * max || (text.length > max && [...text].length > max)
}

function joined(at: string, part: string): string {
  return at === '' ? part : `${at}.${part}`
}
