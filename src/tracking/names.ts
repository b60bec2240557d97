// What MLflow accepts as names, keys and values, so that nothing is written here that it could not have written.
import { PlannedError } from '../kernel/errors.ts'

// MLflow's limits, in characters (code points).
const MAX_KEY = 250
const MAX_PARAM_VALUE = 6000
const MAX_TAG_VALUE = 8000
const MAX_VERSION_TAG_VALUE = 100_000

/** Refuses a text that is empty where one is needed, longer than MLflow's column, or not storable. `what` names it in the message. */
export function checkText(what: string, text: string, options: { max: number; mayBeBlank?: boolean }): void {
  const fault = faultInText(text, options.max, options.mayBeBlank ?? false)
  if (fault !== null)
    throw new PlannedError('BAD_INPUT', `the ${what} ${shown(text)} ${fault}`, { next: 'change it and try again' })
}

/** Checks the key of a parameter, metric or tag: letters, digits, `_ - . : /` and spaces, at most 250, a normal relative path. */
export function checkKey(what: 'parameter' | 'metric' | 'tag', key: string): void {
  checkText(`${what} name`, key, { max: MAX_KEY })
  if (!/^[/\p{L}\p{N}_.\- :]+$/u.test(key)) {
    throw new PlannedError('BAD_INPUT', `the ${what} name ${shown(key)} holds a character that MLflow refuses`, {
      next: 'use letters, digits, spaces and _ - . : /',
    })
  }
  if (!isNormalPath(key)) {
    throw new PlannedError('BAD_INPUT', `the ${what} name ${shown(key)} is not a plain path`, {
      next: 'leave out empty, "." and ".." parts',
    })
  }
}

/** Checks the name of a registered model: at most 256 characters, no `/`, no `:`, not `.` or `..`. */
export function checkModelName(name: string): void {
  checkText('model name', name, { max: 256 })
  if (/[/:]/.test(name) || !isNormalPath(name)) {
    throw new PlannedError('BAD_INPUT', `the model name ${shown(name)} holds "/" or ":", or is "." or ".."`, {
      next: 'choose another one',
    })
  }
}

/** A parameter's value as MLflow stores it: cut at 6000 characters. */
export function paramValue(value: string): string {
  checkText('parameter value', value, { max: Number.POSITIVE_INFINITY, mayBeBlank: true })
  return cut(value, MAX_PARAM_VALUE)
}

/** A tag's value as MLflow stores it: cut at 8000 characters. */
export function tagValue(value: string): string {
  checkText('tag value', value, { max: Number.POSITIVE_INFINITY, mayBeBlank: true })
  return cut(value, MAX_TAG_VALUE)
}

/** Checks a model version's tag. Its value may have 100 000 characters and is not cut. */
export function checkVersionTag(key: string, value: string): void {
  checkKey('tag', key)
  checkText(`value of tag ${key}`, value, { max: MAX_VERSION_TAG_VALUE, mayBeBlank: true })
}

/** Checks a whole number that SQLite and JavaScript both hold. */
export function checkInteger(what: string, value: number): void {
  if (Number.isSafeInteger(value)) return
  throw new PlannedError('BAD_INPUT', `the ${what} ${value} is not a whole number between -2^53 and 2^53`, {
    next: 'give one that is',
  })
}

function faultInText(text: string, max: number, mayBeBlank: boolean): string | null {
  if (!mayBeBlank && text.trim() === '') return 'is empty'
  if (!text.isWellFormed()) return 'holds half a Unicode character'
  if (text.includes('\0')) return 'holds a NUL character'
  if (text.length > 2 * max || (text.length > max && [...text].length > max)) return `is longer than ${max} characters`
  return null
}

function isNormalPath(text: string): boolean {
  return !text.split('/').some((part) => part === '' || part === '.' || part === '..')
}

function cut(text: string, max: number): string {
  return text.length <= max ? text : [...text.slice(0, 2 * max)].slice(0, max).join('')
}

function shown(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 59)}…`)
}
