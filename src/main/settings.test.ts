// The settings: where a value comes from, and what is said of a wrong one.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { project } from '../../taxifare/project.ts'
import { ROOT, readSettings, reportSettings, sampleEnvironment, settingsTable } from './settings.ts'

test('the environment wins over .env, .env over the default, and an empty value is an absent one', () => {
  const read = (environment: Record<string, string>, dotenv: Record<string, string>) =>
    readSettings(environment, dotenv, project).size
  expect(read({}, {})).toBe('200k')
  expect(read({}, { DATA_SIZE: 'all' })).toBe('all')
  expect(read({ DATA_SIZE: '1k' }, { DATA_SIZE: 'all' })).toBe('1k')
  expect(read({ DATA_SIZE: '' }, { DATA_SIZE: 'all' })).toBe('all')
  const [size] = reportSettings({}, { DATA_SIZE: 'all' }, project)
  expect(size).toMatchObject({ name: 'DATA_SIZE', value: 'all', source: '.env', fault: null })
})

test('the defaults are the recipe’s', () => {
  expect(readSettings({}, {}, project)).toMatchObject({
    size: '200k',
    target: 'local',
    evaluationStartMs: Date.UTC(2015, 0, 1),
    model: 'taxifare',
    threshold: 2.5,
    rule: 'point',
    firstChampion: 'accept',
    trainers: ['mlp'],
    trainWindow: null,
    refit: false,
    seed: 0,
    timeReading: 'utc',
  })
})

test('every fault is told at once, each with the setting, its value and what is allowed', () => {
  const wrong = {
    DATA_SIZE: '10k',
    GATE_THRESHOLD: '-1',
    GATE_RULE: 'luck',
    SEED: '1.5',
    TRAINERS: 'mlp,oracle',
    TRAIN_WINDOW: 'week',
  }
  let message = ''
  try {
    readSettings(wrong, {}, project)
  } catch (error) {
    message = String(error)
  }
  for (const [name, value] of Object.entries(wrong)) expect(message).toContain(`${name} is "${value}"; allowed: `)
})

test('a target that needs another store says which setting to change', () => {
  const read = (environment: Record<string, string>) => () => readSettings(environment, {}, project)
  expect(read({ MODEL_TARGET: 'gcs' })).toThrow(/set MODEL_TARGET=local or mlflow/)
  expect(read({ MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: 'https://example.org' })).toThrow(/sqlite:\/\/\//)
  expect(read({ MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: 'sqlite:////srv/runs.db' })()).toMatchObject({
    databasePath: '/srv/runs.db',
  })
  expect(read({ MLFLOW_TRACKING_URI: 'https://example.org' })().databasePath).toMatch(/mlflow\.db$/) // local does not use it
})

test('.env.sample and the README’s table are made from the settings', () => {
  expect(readFileSync(join(ROOT, '.env.sample'), 'utf8')).toBe(sampleEnvironment(project))
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(settingsTable(project))
})
