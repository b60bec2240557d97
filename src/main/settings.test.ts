// The settings: where a value comes from, whose it is, and what is said of a wrong one.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { project } from '../../taxifare/project.ts'
import { deliveries } from '../../tests/deliveries/project.ts'
import type { SettingReport, Settings } from '../cli/command.ts'
import { parseDotenv } from './dotenv.ts'
import { ROOT, readSettings, reportSettings, type SettingSources } from './settings.ts'
import { sampleEnvironment, settingsTable } from './settings-docs.ts'

type Texts = Readonly<Record<string, string>>

function sources(environment: Texts = {}, dotenv = '', more: Partial<SettingSources> = {}): SettingSources {
  return { environment, dotenv: parseDotenv(dotenv), project, isDefault: true, ...more }
}

const read = (environment: Texts = {}, dotenv = '', more: Partial<SettingSources> = {}): Settings =>
  readSettings(sources(environment, dotenv, more))

/** What is said of settings that are wrong. */
function complaint(environment: Texts, dotenv = '', more: Partial<SettingSources> = {}): string {
  try {
    read(environment, dotenv, more)
  } catch (error) {
    return String(error)
  }
  return 'nothing is wrong'
}

function reportOf(name: string, from: SettingSources): SettingReport {
  const found = reportSettings(from).find((report) => report.name === name)
  if (found === undefined) throw new Error(`no setting ${name}`)
  return found
}

describe('where a value comes from', () => {
  test('the environment wins over .env, .env over the default, and an empty value is an absent one', () => {
    expect(read().size).toBe('200k')
    expect(read({}, 'DATA_SIZE=all').size).toBe('all')
    expect(read({ DATA_SIZE: '1k' }, 'DATA_SIZE=all').size).toBe('1k')
    expect(read({ DATA_SIZE: ' ' }, 'DATA_SIZE=all').size).toBe('all')
    expect(read({}, 'DATA_SIZE=').size).toBe('200k')
  })

  test('a report names the line of .env, and what .env says in vain', () => {
    const dotenv = '# mine\n\nDATA_SIZE=1k\nexport DATA_SIZE="all" # the last one holds'
    expect(reportOf('DATA_SIZE', sources({}, dotenv))).toMatchObject({
      value: 'all',
      source: '.env',
      line: 4,
      overruled: null,
      fault: null,
    })
    const overruled = sources({ DATA_SIZE: '1k' }, dotenv)
    expect(reportOf('DATA_SIZE', overruled)).toMatchObject({ value: '1k', source: 'environment', overruled: 'all' })
    expect(reportOf('DATA_SIZE', sources({ DATA_SIZE: 'all' }, dotenv)).overruled).toBe(null)
    expect(reportOf('SEED', sources({}, dotenv))).toMatchObject({ value: '0', source: 'default', line: null })
  })

  test('the defaults are the recipe’s, with trees as a second trainer', () => {
    expect(read()).toMatchObject({
      size: '200k',
      target: 'local',
      evaluationStartMs: Date.UTC(2015, 0, 1),
      model: 'taxifare',
      experiment: 'taxifare_experiment',
      threshold: 2.5,
      rule: 'point',
      firstChampion: 'accept',
      trainers: ['mlp', 'trees'],
      trainWindow: null,
      refit: false,
      seed: 0,
      timeReading: 'utc',
      chat: null,
    })
  })

  test('folders are taken from the folder of package.json, or from the person’s own', () => {
    expect(read({ UNDERSTUDY_HOME: 'kept' })).toMatchObject({
      home: join(ROOT, 'kept'),
      artifacts: join(ROOT, 'kept/artifacts'),
      databasePath: join(ROOT, 'kept/mlflow.db'),
    })
    expect(read({ UNDERSTUDY_HOME: '~/kept', ARTIFACTS: '/srv/files' })).toMatchObject({
      home: join(homedir(), 'kept'),
      artifacts: '/srv/files',
    })
  })
})

describe('what is said of a wrong one', () => {
  test('every fault is told at once, each with the setting, its value and what is allowed', () => {
    const wrong = {
      DATA_SIZE: '10k',
      EVALUATION_START_DATE: '2015-02-30',
      GATE_THRESHOLD: '-1',
      GATE_RULE: 'luck',
      SEED: '1.5',
      TRAINERS: 'mlp,oracle',
      TRAIN_WINDOW: 'week',
      REFIT: 'yes',
      PICKUP_TIMES: 'est',
      FIRST_CHAMPION: 'perhaps',
      MLFLOW_MODEL_NAME: 'a/b',
      NOTIFY_CHAT_URL: 'chat.example.org',
      CHUNK_SIZE: 'many',
      PREFECT_LOG_LEVEL: 'LOUD',
      UNDERSTUDY_DATABASE_URL: 'mysql://db',
    }
    const message = complaint(wrong)
    expect(message).toContain('16 settings are wrong') // the channel of the chat is missing too
    for (const [name, value] of Object.entries(wrong)) expect(message).toContain(`${name} is "${value}"; allowed: `)
  })

  test.each([
    [{ MODEL_TARGET: 'gcs' }, /set MODEL_TARGET=local or mlflow/],
    [{ MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: 'ftp://example.org' }, /allowed: empty; an MLflow server: http:/],
    [{ MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: 'https://example.org/#/models' }, /leave out the #/],
    [{ MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: 'sqlite:///' }, /allowed: empty; .*sqlite:\/{3}/],
    [{ WAREHOUSE: 'bigquery' }, /a later version; set WAREHOUSE=duckdb/],
    [{ ARTIFACTS: 'gs://bucket/x' }, /a later version; set ARTIFACTS to a folder/],
    [{ ARTIFACTS: 'S3://bucket' }, /set ARTIFACTS to a folder/],
    [{ UNDERSTUDY_DATABASE_URL: 'postgres://db/x' }, /a later version; set UNDERSTUDY_DATABASE_URL empty/],
  ])('%o says what comes later, and what to set instead', (environment, words) => {
    expect(complaint(environment)).toMatch(words)
  })

  test('a server has its address and what opens it, and what opens it is never shown', () => {
    const server = { MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: 'https://example.org/mlflow' }
    expect(read(server)).toMatchObject({ server: { uri: 'https://example.org/mlflow', username: null, token: null } })
    expect(read({ ...server, MODEL_TARGET: 'local' }).server).toBe(null)
    const anna = {
      ...server,
      MLFLOW_TRACKING_USERNAME: 'anna',
      MLFLOW_TRACKING_PASSWORD: 'h<unt>er2',
      MLFLOW_TRACKING_TOKEN: 't0ken',
    }
    expect(read(anna).server).toMatchObject({ username: 'anna', password: 'h<unt>er2', token: 't0ken' })
    const shown = JSON.stringify(reportSettings(sources(anna, 'MLFLOW_TRACKING_PASSWORD=of-before')))
    for (const secret of ['anna', 'h<unt>er2', 't0ken', 'of-before']) expect(shown).not.toContain(secret)
    expect(reportOf('MLFLOW_TRACKING_PASSWORD', sources(anna))).toMatchObject({
      value: '(set; not shown)',
      fault: null,
    })
    expect(complaint({ ...anna, MLFLOW_TRACKING_PASSWORD: '' })).toMatch(
      /PASSWORD is empty, and MLFLOW_TRACKING_USERNAME needs it/,
    )
    expect(complaint({ ...server, MLFLOW_TRACKING_TOKEN: 'two words' })).toMatch(/TOKEN is not shown; allowed: /)
    const inside = sources({ ...server, MLFLOW_TRACKING_URI: 'https://anna:hunter2@example.org' })
    expect(JSON.stringify(reportSettings(inside))).not.toContain('hunter2')
  })

  test('an address that nothing uses is no fault, and a file’s address is where runs are kept', () => {
    expect(read({ MLFLOW_TRACKING_URI: 'https://example.org' }).databasePath).toMatch(/\.understudy\/mlflow\.db$/)
    const own = { MODEL_TARGET: 'mlflow', MLFLOW_TRACKING_URI: 'sqlite:////srv/runs.db' }
    expect(read(own).databasePath).toBe('/srv/runs.db')
    expect(read({ ...own, MLFLOW_TRACKING_URI: '' }).databasePath).toMatch(/\.understudy\/mlflow\.db$/)
  })

  test('a chat needs its channel, and its author has a name', () => {
    const url = 'https://chat.example.org'
    expect(complaint({ NOTIFY_CHAT_URL: url })).toContain('NOTIFY_CHANNEL is empty, and NOTIFY_CHAT_URL needs it')
    expect(complaint({ NOTIFY_CHANNEL: 'a b' })).toBe('nothing is wrong') // without a chat nobody looks at it
    expect(read({ NOTIFY_CHAT_URL: url, NOTIFY_CHANNEL: '1234' }).chat).toEqual({
      url,
      channel: '1234',
      author: 'understudy taxifare',
    })
  })

  test('what only the cloud uses is a fault only where the cloud is chosen', () => {
    const placeholder = { GCP_PROJECT: '<your project>', BUCKET_NAME: 'taxifare_<user.github_nickname>' }
    expect(complaint(placeholder)).toBe('nothing is wrong')
    const asked = complaint({ ...placeholder, MODEL_TARGET: 'gcs' })
    expect(asked).toContain(
      'GCP_PROJECT is "<your project>", a placeholder that must be filled in for MODEL_TARGET=gcs',
    )
    expect(asked).toContain('BUCKET_NAME is "taxifare_<user.github_nickname>", a placeholder')
    expect(asked).toContain('GOOGLE_APPLICATION_CREDENTIALS is empty, and MODEL_TARGET=gcs needs it')
    expect(complaint({ ...placeholder, WAREHOUSE: 'bigquery' })).not.toContain('BUCKET_NAME')
  })

  test('a password in an address is never shown', () => {
    const secret = { UNDERSTUDY_DATABASE_URL: 'postgres://me:hunter2@db/x' }
    expect(complaint(secret)).not.toContain('hunter2')
    expect(JSON.stringify(reportSettings(sources(secret)))).not.toContain('hunter2')
  })
})

/** The recipe's own sample, as it comes. */
const RECIPE = `
DATA_SIZE=1k # 1k, 200k, all
CHUNK_SIZE=200
MODEL_TARGET=local # local, gcs, mlflow
EVALUATION_START_DATE="2015-01-01"
GCP_PROJECT_WAGON=wagon-public-datasets
GCP_PROJECT=<your project id> # TO COMPLETE
GCP_REGION=europe-west1
BUCKET_NAME=taxifare_<user.github_nickname>
BQ_REGION=EU
BQ_DATASET=taxifare
INSTANCE=taxi-instance
MLFLOW_TRACKING_URI=https://mlflow.lewagon.ai
MLFLOW_EXPERIMENT=taxifare_experiment_<user.github_nickname>
MLFLOW_MODEL_NAME=taxifare_<user.github_nickname>
PREFECT_FLOW_NAME=taxifare_lifecycle_<user.github_nickname>
PREFECT_LOG_LEVEL=WARNING
`

describe('an .env of the recipe', () => {
  test('works as it comes, its placeholders counting as not set', () => {
    expect(read({}, RECIPE)).toMatchObject({ size: '1k', model: 'taxifare', experiment: 'taxifare_experiment' })
    expect(reportOf('MLFLOW_MODEL_NAME', sources({}, RECIPE))).toMatchObject({
      value: 'taxifare',
      placeholder: 'taxifare_<user.github_nickname>',
    })
  })

  test('works filled in', () => {
    const filled = RECIPE.replaceAll('<user.github_nickname>', 'ana').replace('<your project id>', 'ana-12345')
    expect(read({}, filled)).toMatchObject({ model: 'taxifare_ana', experiment: 'taxifare_experiment_ana' })
    expect(reportOf('GCP_PROJECT', sources({}, filled))).toMatchObject({ isUsed: false, fault: null })
  })

  test('says which names to fill in once its target is mlflow, and nothing else', () => {
    const lines = complaint({ MODEL_TARGET: 'mlflow' }, RECIPE).split('\n')
    expect(lines.filter((line) => line.startsWith('  ')).map((line) => line.trim().split(' ')[0])).toEqual([
      'MLFLOW_EXPERIMENT',
      'MLFLOW_MODEL_NAME',
    ])
  })
})

describe('several projects', () => {
  const other = { project: deliveries(), isDefault: false }

  test('the plain name sets the default project, and its own name wins over the plain one', () => {
    expect(read({}, 'GATE_THRESHOLD=3').threshold).toBe(3)
    expect(read({}, 'GATE_THRESHOLD=3\nTAXIFARE__GATE_THRESHOLD=4').threshold).toBe(4)
    expect(read({ GATE_THRESHOLD: '5' }, 'TAXIFARE__GATE_THRESHOLD=4').threshold).toBe(5) // the environment wins
    expect(reportOf('GATE_THRESHOLD', sources({}, 'SEED=1')).variable).toBe('GATE_THRESHOLD')
  })

  test('another project takes what bears its name, what is shared, and else its own defaults', () => {
    const dotenv =
      'GATE_THRESHOLD=3\nDATA_SIZE=all\nMLFLOW_MODEL_NAME=fares\nDELIVERIES__SEED=7\nUNDERSTUDY_HOME=/srv/kept'
    expect(read({}, dotenv, other)).toMatchObject({
      threshold: 2,
      size: 'small',
      model: 'deliveries',
      seed: 7,
      home: '/srv/kept',
    })
    expect(read({ DELIVERIES__GATE_THRESHOLD: '1.5' }, dotenv, other).threshold).toBe(1.5)
    expect(reportOf('SEED', sources({}, dotenv, other))).toMatchObject({ variable: 'DELIVERIES__SEED', line: 4 })
    expect(reportOf('GATE_RULE', sources({}, dotenv, other)).variable).toBe('DELIVERIES__GATE_RULE')
  })

  test('a fault names the variable as it was written', () => {
    expect(complaint({}, 'DELIVERIES__DATA_SIZE=200k', other)).toContain(
      'DELIVERIES__DATA_SIZE is "200k"; allowed: small',
    )
    expect(complaint({ DATA_SIZE: '2m' }, '', other)).toBe('nothing is wrong')
  })

  test('a hyphen in a name is an underscore in its settings', () => {
    const project = { ...deliveries(), name: 'next-day' }
    expect(read({ NEXT_DAY__SEED: '3' }, '', { project, isDefault: false }).seed).toBe(3)
  })
})

test('.env.sample and the README’s table are made from the settings, and the sample says nothing but defaults', () => {
  const sample = readFileSync(join(ROOT, '.env.sample'), 'utf8')
  expect(sample).toBe(sampleEnvironment(project))
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(settingsTable(project))
  expect(read({}, sample)).toEqual(read())
})
