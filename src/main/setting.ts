// What one setting is, and the forms that a value can have.
import { parseDay } from '../kernel/window.ts'
import type { Project } from '../lifecycle/project.ts'

/** The groups of the sample and of the README, in their order. */
export const GROUPS = {
  data: 'Data',
  place: 'Where things are kept',
  gate: 'The gate',
  training: 'Training',
  telling: 'Telling people',
  prefect: 'Prefect',
  cloud: "Google's cloud: needed by WAREHOUSE=bigquery and MODEL_TARGET=gcs, which come with a later version",
  unused: "Accepted, so that a recipe's own .env stands as it is, and used by nothing here",
} as const

/** The value that holds for a setting, given its name: what others depend on. */
export type Values = (name: string) => string

export interface Setting {
  readonly name: string
  readonly group: keyof typeof GROUPS
  /** `model`: the plain name sets the default project's, `NAME__…` another's. `shared`: one for all projects. */
  readonly scope: 'model' | 'shared'
  /** What holds when nothing is set; text, as it would stand in `.env`. */
  readonly fallback: (project: Project) => string
  /** What may stand there, in words, for the error message and the docs. */
  readonly allowed: (project: Project) => string
  readonly meaning: string
  readonly check: (text: string, project: Project) => boolean
  /** The choice that uses it, as `NAME=value`; null where none does, and then nothing is wrong with it. Absent: always used. */
  readonly usedBy?: (values: Values) => string | null
  /** The choice for which a placeholder must be filled in. Absent: the one that uses it. Elsewhere a placeholder counts as not set. */
  readonly filledFor?: (values: Values) => string | null
  /** Whether it must be set where it is used. */
  readonly required?: boolean
  /** Whether it is never shown, whatever asks. */
  readonly isSecret?: boolean
  /** A value that would be right, where the default is nothing. */
  readonly example?: string
  /** Of a value that is right and that this version cannot serve: why, and what to set instead, under the name it goes by. */
  readonly later?: (text: string, variable: string) => string | null
}

/** The same whatever the project. */
export const always =
  <T>(value: T) =>
  () =>
    value

export const oneOf = (...values: readonly string[]) => ({
  allowed: always(values.join(', ')),
  check: (text: string) => values.includes(text),
})

/** Nothing, or a text of this form. */
export const matching = (form: RegExp, words: string) => ({
  allowed: always(words),
  check: (text: string) => text === '' || form.test(text),
})

export const anything = (words: string) => ({ allowed: always(words), check: () => true })

export const modelName = matching(/^[A-Za-z0-9][\w.-]{0,199}$/, '1 to 200 letters, digits, _, . or -')

export const webAddress = {
  allowed: always('empty, or an address that begins with https:// or http://'),
  check: (text: string) => text === '' || isWebAddress(text),
}

export function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^/\s]/.test(text) && URL.canParse(text)
}

export const day = {
  allowed: always('a date, YYYY-MM-DD'),
  check: (text: string) => {
    try {
      parseDay(text)
      return true
    } catch {
      return false
    }
  },
}

/** A text between angle brackets, as samples have it: `taxifare_<user.github_nickname>`. */
export function hasPlaceholder(text: string): boolean {
  return /<[^<>]*>/.test(text)
}
