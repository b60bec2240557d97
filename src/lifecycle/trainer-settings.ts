// Settings that a person gives for one training: which of the cycle's they change, and which a trainer's.
import { isPlanned, PlannedError } from '../kernel/errors.ts'
import { canonicalJson, type JsonObject } from '../kernel/json.ts'
import { snakeCase } from '../learning/settings.ts'
import { trainerNamed, trainers } from '../learning/trainers.ts'
import type { CycleInput, TrainerSetting } from './rooms.ts'

/**
 * The settings among `given` that a trainer has. One that carries the trainer's name (`mlp.learningRate`) comes before one that does not,
 * as cycles of earlier versions wrote them.
 */
export function settingsFor(trainer: string, given: TrainerSettings): Readonly<Record<string, TrainerSetting>> {
  const { defaults } = trainerNamed(trainer)
  const own = `${trainer}.`
  const entries = Object.entries(given)
  const named = entries.flatMap(([name, value]) => (name.startsWith(own) ? [[name.slice(own.length), value]] : []))
  return Object.fromEntries([...entries, ...named].filter(([name]) => Object.hasOwn(defaults, String(name))))
}

/** Settings by name, those of one trainer alone with its name before them. */
export type TrainerSettings = Readonly<Record<string, TrainerSetting>>

/**
 * The text of `TRAINER_SETTINGS`: `NAME=VALUE`, separated by spaces. Throws `BAD_INPUT` for a name that no trainer has and for values that
 * a trainer cannot take.
 *
 * @example readTrainerSettings('mlp.learning_rate=0.001 mlp.hidden=64,32') // => { 'mlp.learningRate': 0.001, 'mlp.hidden': [64, 32] }
 */
export function readTrainerSettings(text: string): TrainerSettings {
  const known = Object.keys(trainers)
  let settings: TrainerSettings = {}
  for (const part of text.split(/\s+/).filter((part) => part !== '')) {
    const at = part.indexOf('=')
    if (at < 1) {
      throw new PlannedError('BAD_INPUT', `TRAINER_SETTINGS has "${part}", which is no setting`, {
        next: 'write NAME=VALUE, separated by spaces, as in mlp.learning_rate=0.001',
      })
    }
    const setting = trainerSetting(known, part.slice(0, at), part.slice(at + 1), 'TRAINER_SETTINGS has ')
    const twice = Object.keys(setting).find((name) => Object.hasOwn(settings, name))
    if (twice !== undefined) {
      throw new PlannedError('BAD_INPUT', `TRAINER_SETTINGS has ${snakeCase(twice)} twice`, { next: 'leave one out' })
    }
    settings = { ...settings, ...setting }
  }
  try {
    for (const trainer of known) checkSettingsOf(trainer, settings)
  } catch (error) {
    if (!isPlanned(error, 'BAD_INPUT')) throw error
    const next = 'correct TRAINER_SETTINGS'
    throw new PlannedError('BAD_INPUT', `TRAINER_SETTINGS is "${text}": ${error.what}`, { next, cause: error })
  }
  return settings
}

/** The text that `readTrainerSettings` reads. */
export function trainerSettingsText(settings: TrainerSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${snakeCase(name)}=${Array.isArray(value) ? value.join(',') : value}`)
    .join(' ')
}

/** Settings with some of one trainer's in place of what was said of it before. */
export function mergedSettings(before: TrainerSettings, trainer: string, own: TrainerSettings): TrainerSettings {
  return {
    ...before,
    ...Object.fromEntries(Object.entries(own).map(([name, value]) => [`${trainer}.${name}`, value])),
  }
}

/** Throws `BAD_INPUT` naming each setting that the trainer cannot take. */
function checkSettingsOf(trainer: string, given: TrainerSettings): void {
  const { defaults, checkSettings } = trainerNamed(trainer)
  checkSettings({ ...defaults, ...settingsFor(trainer, given) })
}

/** What a further training may change, besides what its trainers have. */
export type Retrained = Pick<CycleInput, 'seed' | 'trainers' | 'trainWindow' | 'refit' | 'trainerSettings'>

/**
 * The settings of a training with some of them changed: `SEED`, `TRAINERS`, `TRAIN_WINDOW` and `REFIT` as in `.env`, and a trainer's own,
 * such as `learning_rate`. `usual` is what a trainer is told where a person says nothing. Throws `BAD_INPUT` for a name that nothing takes, a value that is not allowed, and if nothing would change.
 *
 * @example retrainedWith({ seed: 0, trainers: ['mlp'], trainWindow: null, refit: false, trainerSettings: {} }, { SEED: '1' }).seed // => 1
 */
export function retrainedWith(
  before: Retrained,
  set: Readonly<Record<string, string>>,
  usual: (trainer: string) => JsonObject = (trainer) => trainerNamed(trainer).defaults,
): Retrained {
  let after = before
  // What learns comes first: it says which other names there are.
  const entries = Object.entries(set).sort(([a], [b]) => Number(b === 'TRAINERS') - Number(a === 'TRAINERS'))
  for (const [name, value] of entries) after = changed(after, name, value)
  if (canonicalJson(inEffect(after, usual)) === canonicalJson(inEffect(before, usual))) throw nothingChanges(before)
  for (const trainer of after.trainers) checkSettingsOf(trainer, after.trainerSettings)
  return after
}

/** What a training would go by, a trainer's own settings included. */
function inEffect({ trainerSettings, ...settings }: Retrained, usual: (trainer: string) => JsonObject): JsonObject {
  const own = settings.trainers.map((trainer) => ({
    ...usual(trainer),
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
    default: {
      const setting = trainerSetting(before.trainers, name, value, '--set ')
      return { ...before, trainerSettings: { ...before.trainerSettings, ...setting } }
    }
  }
}

/**
 * One setting of one trainer: `learningRate`, or `learning_rate` as MLflow's params have it, where one of `names` alone has it, and
 * `mlp.learning_rate` otherwise, as the same word may mean another thing to another trainer. `where` begins the message of an error.
 */
function trainerSetting(names: readonly string[], name: string, value: string, where: string): TrainerSettings {
  const found = names.flatMap((trainer) =>
    Object.entries(trainerNamed(trainer).defaults)
      .filter(([key]) => [key, snakeCase(key)].some((known) => name === known || name === `${trainer}.${known}`))
      .map(([key, usual]) => ({ key: `${trainer}.${key}`, usual })),
  )
  const [own, ...others] = found
  if (own === undefined) {
    throw new PlannedError('BAD_INPUT', `${where}${name}=${value}: nothing takes a setting "${name}"`, {
      next: where.startsWith('--set') ? choicesText(names) : ownText(names),
    })
  }
  if (others.length > 0) {
    const meant = found.map(({ key }) => snakeCase(key))
    throw new PlannedError('BAD_INPUT', `${where}${name}=${value}: ${found.length} trainers have a setting "${name}"`, {
      next: `say which is meant: ${meant.join(' or ')}`,
    })
  }
  if (typeof own.usual === 'boolean' && (value === 'true' || value === 'false')) return { [own.key]: value === 'true' }
  const parts = value.split(',').map(Number) // the trainer checks what it means
  const [only] = parts
  if (value.trim() === '' || parts.some((part) => Number.isNaN(part))) return { [own.key]: value }
  return { [own.key]: Array.isArray(own.usual) || parts.length > 1 || only === undefined ? parts : only }
}

function choicesText(trainers: readonly string[]): string {
  return `there are SEED, TRAINERS, TRAIN_WINDOW, REFIT, and ${ownText(trainers)}`
}

/** What each trainer has. */
function ownText(trainers: readonly string[]): string {
  return trainers
    .map((trainer) => `${trainer} has ${Object.keys(trainerNamed(trainer).defaults).map(snakeCase).join(', ')}`)
    .join('; ')
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
