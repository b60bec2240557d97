import { expect, test } from 'vitest'
import { trainerNamed, trainers } from '../learning/trainers.ts'
import type { TrainerSetting } from './rooms.ts'
import {
  mergedSettings,
  readTrainerSettings,
  retrainedWith,
  settingsFor,
  trainerSettingsText,
} from './trainer-settings.ts'

test('a setting holds for the trainer that it names, or for the only one that has it', () => {
  const settings = readTrainerSettings('mlp.learning_rate=0.001  batch_size=128 trees.leaves=31')
  expect(settingsFor('mlp', settings)).toEqual({ learningRate: 0.001, batchSize: 128 })
  expect(settingsFor('trees', settings)).toEqual({ leaves: 31 })
  expect(settingsFor('linear', settings)).toEqual({})
  expect(readTrainerSettings('')).toEqual({})
})

test('settings are written as they are read', () => {
  for (const text of ['mlp.hidden=64', 'mlp.hidden=64,32 mlp.beta_1=0.8', 'trees.objective=l1']) {
    expect(trainerSettingsText(readTrainerSettings(text))).toBe(text)
  }
  expect(() => readTrainerSettings('seedling=1')).toThrow('nothing takes a setting "seedling"')
  expect(readTrainerSettings('mlp.hidden=64')).toEqual({ 'mlp.hidden': [64] })
})

test('every value that a search can find is read again from the line it prints', () => {
  for (const trainer of Object.keys(trainers)) {
    for (const [name, usual] of Object.entries(trainerNamed(trainer).defaults)) {
      for (const value of typeof usual === 'boolean' ? [true, false] : [usual]) {
        const found = mergedSettings({}, trainer, { [name]: value as TrainerSetting }) // defaults are such values
        expect(readTrainerSettings(trainerSettingsText(found))).toEqual(found)
      }
    }
  }
})

test.each([
  ['mlp.learning_rate', 'which is no setting'],
  [
    'mlp.learning_rate=-1',
    'TRAINER_SETTINGS is "mlp.learning_rate=-1": the settings of mlp are not right: learning_rate: ',
  ],
  ['linear.leaves=3', 'nothing takes a setting "linear.leaves"'],
  ['mlp.batch_size=many', 'batch_size: Invalid input: expected number, received string'],
  ['trees.log_target=yes', 'log_target: Invalid input: expected boolean, received string'],
  ['trees.round_to=1e39', 'round_to: expected 0, or from 0.000001 to 1000000000'],
  ['trees.bags=2 trees.bags=3', 'TRAINER_SETTINGS has trees.bags twice'],
  ['learning_rate=0.01', 'say which is meant: mlp.learning_rate or trees.learning_rate'],
])('%s is refused: %s', (text, words) => {
  expect(() => readTrainerSettings(text)).toThrow(words)
})

test('what a search found takes the place of what was said of that trainer, and of nothing else', () => {
  const before = { learningRate: 0.01, ...readTrainerSettings('mlp.patience=3 trees.leaves=31') } // as an earlier version wrote it
  const merged = mergedSettings(before, 'mlp', { patience: 5, learningRate: 0.002 })
  expect(trainerSettingsText(merged)).toBe('learning_rate=0.01 mlp.patience=5 trees.leaves=31 mlp.learning_rate=0.002')
  expect(settingsFor('mlp', merged)).toEqual({ learningRate: 0.002, patience: 5 })
  expect(settingsFor('trees', merged)).toEqual({ learningRate: 0.01, leaves: 31 })
})

test('what a person sets for a further look comes before what was set, and is of one trainer', () => {
  const before = {
    ...{ seed: 0, trainers: ['mlp', 'trees'], trainWindow: null, refit: false },
    trainerSettings: readTrainerSettings('mlp.learning_rate=0.001 mlp.patience=3'),
  }
  expect(() => retrainedWith(before, { learning_rate: '0.02' })).toThrow('2 trainers have a setting "learning_rate"')
  const { trainerSettings } = retrainedWith(before, { TRAINERS: 'mlp', learning_rate: '0.02' })
  expect(settingsFor('mlp', trainerSettings)).toEqual({ learningRate: 0.02, patience: 3 })
  expect(settingsFor('trees', trainerSettings)).toEqual({})
  const usual = (trainer: string) => ({ trees: trainer === 'trees' ? 4_000 : 0 }) // of a project that has found its own
  expect(retrainedWith(before, { 'trees.trees': '2000' }, usual).trainerSettings).toMatchObject({
    'trees.trees': 2_000,
  })
  expect(() => retrainedWith(before, { 'trees.trees': '4000' }, usual)).toThrow('nothing is set otherwise')
  expect(retrainedWith(before, { 'mlp.learning_rate': '0.02' }).trainerSettings).toEqual({
    'mlp.learningRate': 0.02,
    'mlp.patience': 3,
  })
})
