// Settings that a person gives for one training: which of the cycle's they change, and which a trainer's.
import { PlannedError } from '../kernel/errors.ts'
import { canonicalJson, type JsonObject } from '../kernel/json.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { CycleInput, TrainerSetting } from './rooms.ts'

/** The settings among `given` that a trainer has. */
export function settingsFor(trainer: string, given: Readonly<Record<string, TrainerSetting>>): JsonObject {
  const { defaults } = trainerNamed(trainer)
  return Object.fromEntries(Object.entries(given).filter(([name]) => Object.hasOwn(defaults, name)))
}

/** What a further training may change, besides what its trainers have. */
export type Retrained = Pick<CycleInput, 'seed' | 'trainers' | 'trainWindow' | 'refit' | 'trainerSettings'>

/**
 * The settings of a training with some of them changed: `SEED`, `TRAINERS`, `TRAIN_WINDOW` and `REFIT` as in `.env`, and a trainer's own,
 * such as `learning_rate`. Throws `BAD_INPUT` for a name that nothing takes, a value that is not allowed, and if nothing would change.
 *
 * @example retrainedWith({ seed: 0, trainers: ['mlp'], trainWindow: null, refit: false, trainerSettings: {} }, { SEED: '1' }).seed // => 1
 */
export function retrainedWith(before: Retrained, set: Readonly<Record<string, string>>): Retrained {
  let after = before
  // What learns comes first: it says which other names there are.
  const entries = Object.entries(set).sort(([a], [b]) => Number(b === 'TRAINERS') - Number(a === 'TRAINERS'))
  for (const [name, value] of entries) after = changed(after, name, value)
  if (canonicalJson(inEffect(after)) === canonicalJson(inEffect(before))) throw nothingChanges(before)
  for (const trainer of after.trainers) {
    const { defaults, checkSettings } = trainerNamed(trainer)
    checkSettings({ ...defaults, ...settingsFor(trainer, after.trainerSettings) })
  }
  return after
}

/** What a training would go by, a trainer's own settings included. */
function inEffect({ trainerSettings, ...settings }: Retrained): JsonObject {
  const own = settings.trainers.map((trainer) => ({
    ...trainerNamed(trainer).defaults,
    ...settingsFor(trainer, trainerSettings),
  }))
  return { ...settings, own }
}

function changed(before: Retrained, name: string, value: string): Retrained {
  switch (name) {
    case 'SEED': {
      const seed = Number(value)
      if (!/^\d{1,10}$/.test(value) || seed > 2_147_483_647)
        throw refused(name, value, 'a whole number from 0 to 2147483647')
      return { ...before, seed }
    }
    case 'TRAINERS': {
      const trainers = value.split(',').map((part) => part.trim())
      for (const trainer of trainers) trainerNamed(trainer) // throws for one that is none
      if (new Set(trainers).size < trainers.length) throw refused(name, value, 'names separated by commas, each once')
      return { ...before, trainers }
    }
    case 'TRAIN_WINDOW':
      if (value !== 'month' && value !== 'history') throw refused(name, value, 'month or history')
      return { ...before, trainWindow: value }
    case 'REFIT':
      if (value !== 'on' && value !== 'off') throw refused(name, value, 'on or off')
      return { ...before, refit: value === 'on' }
    default:
      return {
        ...before,
        trainerSettings: { ...before.trainerSettings, ...trainerSetting(before.trainers, name, value) },
      }
  }
}

/** One setting of a trainer, by its name there or as MLflow's params have it: `learningRate` or `learning_rate`. */
function trainerSetting(trainers: readonly string[], name: string, value: string): Record<string, TrainerSetting> {
  const known = trainers.flatMap((trainer) => Object.keys(trainerNamed(trainer).defaults))
  const own = known.find((key) => key === name || snakeCase(key) === name)
  if (own === undefined) {
    throw new PlannedError('BAD_INPUT', `--set ${name}=${value}: nothing takes a setting "${name}"`, {
      next: choicesText(trainers),
    })
  }
  const parts = value.split(',').map(Number) // the trainer checks what it means
  const [only] = parts
  if (value.trim() === '' || parts.some((part) => Number.isNaN(part))) return { [own]: value }
  return { [own]: parts.length > 1 || only === undefined ? parts : only }
}

function choicesText(trainers: readonly string[]): string {
  const own = trainers.map(
    (trainer) => `${trainer} has ${Object.keys(trainerNamed(trainer).defaults).map(snakeCase).join(', ')}`,
  )
  return `there are SEED, TRAINERS, TRAIN_WINDOW, REFIT, and ${own.join('; ')}`
}

/** `learningRate` and `beta1` as MLflow's params have them: `learning_rate`, `beta_1`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z0-9]+/g, (part) => `_${part.toLowerCase()}`)
}

function nothingChanges({ trainers }: Retrained): PlannedError {
  return new PlannedError('BAD_INPUT', 'nothing is set otherwise', {
    why: 'the same settings on the same rows give the same model',
    next: `say what to change, for example --set SEED=1; ${choicesText(trainers)}`,
  })
}

function refused(name: string, value: string, allowed: string): PlannedError {
  return new PlannedError('BAD_INPUT', `--set ${name}=${value} cannot be`, { next: `${name} is ${allowed}` })
}
