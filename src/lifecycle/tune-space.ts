// From what a person asks a search to try to what the trainer calls it.

import { isPlanned, PlannedError } from '../kernel/errors.ts'
import { closest } from '../kernel/spelling.ts'
import { defaultSpace } from '../learning/search/default-spaces.ts'
import { gridSize } from '../learning/search/grid.ts'
import type { SamplerName } from '../learning/search/sampler.ts'
import { type Parameter, parseParameter, type SettingValue, type Space } from '../learning/search/space.ts'
import { snakeCase } from '../learning/settings.ts'
import { trainerNamed, trainers } from '../learning/trainers.ts'

/**
 * The space of these texts, by the trainer's own names; the trainer's usual one if there are none. Throws `BAD_INPUT` for a trainer that is
 * none, for what cannot be read, a name that the trainer does not have or that is given twice, values that it cannot take, and a grid without steps.
 */
export function spaceFor(trainer: string, sampler: SamplerName, texts: readonly string[]): Space {
  trainerNamed(trainer) // before its space is asked for
  const space = texts.length === 0 ? defaultSpace(trainer, sampler) : texts.map((text) => parameterFor(trainer, text))
  const twice = space.find(({ name }, at) => space.findIndex((other) => other.name === name) < at)
  if (twice !== undefined) {
    throw new PlannedError('BAD_INPUT', `--space ${snakeCase(twice.name)} is given twice`, {
      next: 'say once what to try of it',
    })
  }
  if (sampler === 'grid') gridSize(space)
  return space
}

function parameterFor(trainer: string, text: string): Parameter {
  const { name: written, ...values } = parseParameter(text)
  const name = ownName(trainer, written, text)
  const { defaults, checkSettings } = trainerNamed(trainer)
  const names = Object.keys(defaults)
  const own = names.find((known) => known === name || snakeCase(known) === name)
  if (own === undefined) {
    const meant = closest(name, names.map(snakeCase))
    throw new PlannedError('BAD_INPUT', `--space ${text}: ${trainer} has no setting "${name}"`, {
      next: `${meant === null ? '' : `did you mean ${meant}? `}it has ${namesOf(trainer)}`,
    })
  }
  const parameter: Parameter = { ...values, name: own }
  try {
    for (const value of extremesOf(parameter)) checkSettings({ ...defaults, [own]: value })
  } catch (error) {
    if (!isPlanned(error, 'BAD_INPUT')) throw error
    throw new PlannedError('BAD_INPUT', `--space ${text}: ${error.what}`, { next: 'give values that it can take' })
  }
  return parameter
}

/** A name without the trainer's before it, as `TRAINER_SETTINGS` has them: `trees.leaves` is `leaves` of trees. */
function ownName(trainer: string, written: string, text: string): string {
  const at = written.indexOf('.')
  const whose = written.slice(0, Math.max(0, at))
  if (whose === trainer) return written.slice(at + 1)
  if (!Object.hasOwn(trainers, whose)) return written
  throw new PlannedError('BAD_INPUT', `--space ${text} is of ${whose}, and the settings of ${trainer} are searched`, {
    next: `search those of ${whose} with --trainer ${whose}, or name settings of ${trainer}: ${namesOf(trainer)}`,
  })
}

/** What a trainer's settings are called. */
function namesOf(trainer: string): string {
  return Object.keys(trainerNamed(trainer).defaults).map(snakeCase).join(', ')
}

/** Values that are allowed only if all are: both ends of a range, or every choice. */
function extremesOf(parameter: Parameter): readonly SettingValue[] {
  return parameter.kind === 'choice' ? parameter.choices : [parameter.low, parameter.high]
}

/**
 * Refuses batches that are larger than all the rows a fold learns, which would each be the same one batch of them all, a step an epoch. The
 * usual space is left as it is where rows are few. Throws `BAD_INPUT`.
 */
export function checkBatches(
  { trainer, space }: { readonly trainer: string; readonly space: Space },
  rows: number,
): void {
  const name = 'batchSize'
  const largestOf = (given: Space): number =>
    Math.max(
      0,
      ...given
        .filter((one) => one.name === name)
        .flatMap(extremesOf)
        .map(Number),
    )
  const asked = largestOf(space)
  if (asked <= rows || asked <= largestOf(defaultSpace(trainer, 'tpe'))) return
  throw new PlannedError(
    'BAD_INPUT',
    `--space ${snakeCase(name)} goes up to ${asked}, and a fold learns ${rows} rows`,
    {
      why: 'a batch of more rows than there are is a batch of all of them, whatever its size',
      next: `give sizes up to ${rows}`,
    },
  )
}
