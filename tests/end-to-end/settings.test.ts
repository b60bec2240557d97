// Settings as a person meets them: an .env of the recipe's, a slip of the finger, two projects beside each other, and a new one.
import { execFile } from 'node:child_process'
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { SettingReport } from '../../src/cli/command.ts'
import type { CycleOutcome } from '../../src/lifecycle/outcome.ts'
import { projectsPastTheDoor } from '../floors.ts'
import { readSource } from '../source-code.ts'
import { openProgram, type Program } from './program.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DELIVERIES = 'tests/deliveries'

async function programWith(dotenv: string, settings: Readonly<Record<string, string>> = {}): Promise<Program> {
  const program = await openProgram(settings)
  await writeFile(join(program.home, '.env'), dotenv)
  return program
}

async function settingOf(
  program: Program,
  name: string,
  args: readonly string[] = [],
): Promise<SettingReport | undefined> {
  const { settings } = await program.json<{ settings: SettingReport[] }>(['doctor', ...args])
  return settings.find((setting) => setting.name === name)
}

describe('an .env', () => {
  test('of the recipe runs as it comes, placeholders and all', { timeout: 60_000 }, async () => {
    await using program = await programWith(
      [
        'DATA_SIZE=1k',
        'MODEL_TARGET=local',
        'EVALUATION_START_DATE="2015-01-01"',
        'GCP_PROJECT=<your project>',
        'BUCKET_NAME=taxifare_<user.github_nickname>',
        'MLFLOW_TRACKING_URI=https://mlflow.lewagon.ai',
        'MLFLOW_EXPERIMENT=taxifare_experiment_<user.github_nickname>',
        'MLFLOW_MODEL_NAME=taxifare_<user.github_nickname>',
        'PREFECT_FLOW_NAME=taxifare_lifecycle_<user.github_nickname>',
        'PREFECT_LOG_LEVEL=WARNING',
      ].join('\n'),
      { TRAINERS: 'linear' },
    )
    const models = await program.run(['models'])
    expect(models, models.err).toMatchObject({ code: 0 })
    expect(models.err).toMatch(
      /\.env line 7: MLFLOW_EXPERIMENT still holds a placeholder, so the experiment is called tax/,
    )
    expect(models.err).toMatch(
      /\.env line 8: MLFLOW_MODEL_NAME still holds a placeholder, so the model is called taxifare$/m,
    )
    const outcome = await program.json<CycleOutcome>(['cycle'])
    expect(outcome).toMatchObject({ model: 'taxifare', month: '2015-01' })
    const doctor = await program.run(['doctor'])
    expect(doctor).toMatchObject({ code: 0 })
    expect(doctor.out).toContain('where "taxifare_<user.github_nickname>" waits to be filled in: the default holds')
    const prefect = await program.run(['doctor', 'prefect'])
    expect(prefect).toMatchObject({ code: 2 })
    expect(prefect.out).toContain('→ .env line 9: PREFECT_FLOW_NAME=taxifare_lifecycle')
  })

  test('with a slip of the finger is told, in the names of projects too', async () => {
    await using program = await programWith('GATE_TRESHOLD=3\nDELIVERIES__SED=1\nHTTP_PROXY=x\nSEED 1')
    const { err } = await program.run(['models', '--project', DELIVERIES])
    expect(err).toContain('.env sets GATE_TRESHOLD, which is no setting; did you mean GATE_THRESHOLD?')
    expect(err).toContain('did you mean DELIVERIES__SEED?')
    expect(err).not.toContain('HTTP_PROXY')
    expect(err).toContain('.env line 4 sets nothing; write it as NAME=value')
    expect(err).not.toContain('placeholder')
  })

  test('is overruled by the environment, and doctor says so with the line', async () => {
    await using program = await programWith('# mine\nGATE_RULE=luck', { GATE_RULE: 'significant' })
    const { out, code } = await program.run(['doctor'])
    expect(code).toBe(0)
    expect(out).toMatch(/GATE_RULE +significant +environment; \.env line 2 says "luck"/)
    const wrong = await program.run(['doctor'], { GATE_RULE: '' })
    expect(wrong).toMatchObject({ code: 2 })
    expect(wrong.out).toContain('❌  GATE_RULE  is "luck"; allowed: point, significant')
    expect(wrong.out).toContain('→ .env line 2: GATE_RULE=point')
    const trainers = await program.run(['doctor'], { TRAINER_SETTINGS: 'trees.log_target=yes' })
    expect(trainers).toMatchObject({ code: 2 })
    expect(trainers.out).toContain(
      'TRAINER_SETTINGS is "trees.log_target=yes": the settings of trees are not right: log_target: Invalid input: expected boolean',
    )
  })

  test('that is a folder is named', async () => {
    await using program = await openProgram()
    await mkdir(join(program.home, '.env'))
    const { code, err } = await program.run(['models'])
    expect(code).toBe(2)
    expect(err).toContain(`${join(program.home, '.env')} cannot be read`)
  })
})

describe('what the recipe’s tests ask', () => {
  test('doctor mlflow, prefect and gcp say what is set, what is missing, and the line to edit', async () => {
    await using program = await programWith('MODEL_TARGET=mlflow\nMLFLOW_TRACKING_URI=http://127.0.0.1:20009\n')
    const mlflow = await program.run(['doctor', 'mlflow'])
    expect(mlflow).toMatchObject({ code: 2 })
    expect(mlflow.out).toMatch(/✅ {2}MODEL_TARGET +is mlflow \(\.env line 1\)/)
    expect(mlflow.out).toMatch(/❌ {2}MLflow server +no MLflow server answers at http:\/\/127\.0\.0\.1:20009: /)
    expect(mlflow.out).toContain('mlflow server --port 20009, or ./understudy server')
    expect((await program.run(['doctor', 'mlflow'], { MLFLOW_TRACKING_URI: 'sqlite:///runs.db' })).code).toBe(0)
    expect((await program.run(['doctor', 'prefect'])).code).toBe(0)
    const level = await program.run(['doctor', 'prefect'], { PREFECT_LOG_LEVEL: 'INFO' })
    expect(level).toMatchObject({ code: 2 })
    expect(level.out).toContain('has to be exactly WARNING')
    const key = join(program.home, 'key.json')
    await writeFile(key, '{"project_id": "ana-12345"}')
    const cloud = { GOOGLE_APPLICATION_CREDENTIALS: key, GCP_PROJECT: 'bob-12345', BUCKET_NAME: 'rides-of-ana' }
    const other = await program.run(['doctor', 'gcp'], cloud)
    expect(other).toMatchObject({ code: 2 })
    expect(other.out).toContain('is ana-12345, by the key file, and GCP_PROJECT is bob-12345')
    expect((await program.run(['doctor', 'gcp'], { ...cloud, GCP_PROJECT: 'ana-12345' })).code).toBe(0)
    await writeFile(key, 'not JSON')
    expect((await program.run(['doctor', 'gcp'], cloud)).out).toContain(`${key} cannot be used`)
  })

  test('doctor kitt asks all ten, and ends well whatever they say', { timeout: 60_000 }, async () => {
    await using program = await openProgram({ TRAINERS: 'linear', DATA_SIZE: '1k' })
    const verdicts = async (settings: Readonly<Record<string, string>> = {}): Promise<string[]> => {
      const { code, out, err } = await program.run(['doctor', 'kitt'], settings)
      expect(code, err).toBe(0)
      return [...out.matchAll(/^tests\/lifecycle\/.*::test_(\w+) (PASSED|FAILED)$/gm)].map(
        ([, test, is]) => `${test} ${is}`,
      )
    }
    expect(await verdicts()).toEqual([
      'model_target FAILED',
      'mlflow_experiment PASSED',
      'mlflow_model_name PASSED',
      'experiment_exists FAILED',
      'model_exists FAILED',
      'model_in_production FAILED',
      'prefect_flow_name PASSED',
      'prefect_log_level PASSED',
      'task_names PASSED',
      'flow_version PASSED',
    ])
    await program.json(['cycle'], { MODEL_TARGET: 'mlflow' })
    expect((await verdicts({ MODEL_TARGET: 'mlflow' })).filter((line) => line.endsWith('FAILED'))).toEqual([])
  })
})

test('doctor reads what is kept through, and says what is damaged and what to do', { timeout: 60_000 }, async () => {
  await using program = await openProgram({ DELIVERIES__TRAINERS: 'linear' })
  await program.json(['cycle', '--project', DELIVERIES])
  const whole = await program.run(['doctor'])
  expect(whole, whole.err).toMatchObject({ code: 0 })
  expect(whole.out).toMatch(/mlflow\.db +whole; the seals of [45] moves hold/)
  expect(whole.out).toMatch(/flow\.db +whole\n/)
  const database = new DatabaseSync(join(program.home, 'mlflow.db'))
  database.exec('drop trigger understudy_transitions_are_not_edited')
  database.exec("update understudy_transitions set reason = 'because I say so' where id = 2")
  database.close()
  await using journal = await open(join(program.home, 'flow.db'), 'r+')
  await journal.write(Buffer.alloc(4096, 0xff), 0, 4096, 8192)
  const { code, out } = await program.run(['doctor'])
  expect(code).toBe(2)
  expect(out).toMatch(/❌ {2}mlflow\.db +the history of stages is not as it was written: row 2 was edited/)
  expect(out).toMatch(/❌ {2}flow\.db +\S/)
  expect(out).toMatch(/→ .*restore/)
})

describe('several projects', () => {
  test('each takes its own settings, by name, path or UNDERSTUDY_PROJECT', async () => {
    await using program = await programWith('SEED=3\nDELIVERIES__SEED=4\nTAXIFARE__REFIT=on')
    expect(await settingOf(program, 'SEED')).toMatchObject({ value: '3', variable: 'SEED', line: 1 })
    expect(await settingOf(program, 'REFIT')).toMatchObject({
      value: 'on',
      variable: 'TAXIFARE__REFIT',
      source: '.env',
    })
    for (const named of [`--project=${DELIVERIES}`, `--project=${DELIVERIES}/project.ts`])
      expect(await settingOf(program, 'SEED', [named])).toMatchObject({ value: '4', variable: 'DELIVERIES__SEED' })
    await writeFile(join(program.home, '.env'), `SEED=3\nUNDERSTUDY_PROJECT=${DELIVERIES}`)
    expect(await settingOf(program, 'SEED')).toMatchObject({ value: '3' })
    expect(await settingOf(program, 'SEED', ['--project', 'taxifare'])).toMatchObject({ value: '0', source: 'default' })
  })

  test('one that does not exist lists those there are, and advice names the one that was meant', async () => {
    await using program = await openProgram()
    const none = await program.run(['models', '--project', 'taxifares'])
    expect(none).toMatchObject({ code: 3 })
    expect(none.err).toContain('there is no project "taxifares"')
    expect(none.err).toContain('taxifare with --project, or make it: ./understudy init taxifares')
    const empty = await program.run(['models', '--project', DELIVERIES])
    expect(empty.out).toContain(`./understudy --project ${DELIVERIES} cycle`)
  })
})

describe('init', () => {
  test('makes a project that runs at once and keeps the rules of the house', { timeout: 120_000 }, async () => {
    await using program = await openProgram({ NEXT_DAY__TRAINERS: 'linear', NEXT_DAY__GATE_THRESHOLD: '0.45' })
    const place = join(program.home, 'made')
    await mkdir(place)
    const made = await program.json<{ folder: string; next: string[] }>(['init', 'next-day', '--dir', place])
    const { folder } = made
    expect((await readdir(folder)).sort()).toEqual([
      'README.md',
      'features.ts',
      'package.json',
      'project.ts',
      'simulator.ts',
    ])
    expect(await readFile(join(folder, 'README.md'), 'utf8')).toContain('`NEXT_DAY__GATE_THRESHOLD=0.4`')

    const first = await program.json<CycleOutcome>(['cycle', '--project', folder])
    expect(first).toMatchObject({ model: 'next-day', month: '2025-01', threshold: 0.45, champion: { version: 1 } })
    const second = await program.json<CycleOutcome>(['cycle', '--month', '2025-02', '--project', folder])
    expect(second.challenger).toMatchObject({ version: 3 })
    const tables = await program.json<{ name: string }[]>(['data', '--project', folder])
    expect(tables.map(({ name }) => name).sort()).toEqual(['next_day_processed_small', 'next_day_raw_small'])

    await expectRulesKept(folder)
    const again = await program.run(['init', 'next-day', '--dir', place])
    expect(again).toMatchObject({ code: 4 })
  })

  test('refuses a name that is none or taken, and needs no setting to be right', async () => {
    await using program = await openProgram({ MODEL_TARGET: 'nowhere', UNDERSTUDY_PROJECT: 'to-be-made' })
    const codeOf = async (...words: string[]): Promise<number | null> =>
      (await program.run(['init', ...words, '--dir', program.home])).code
    expect(await codeOf('Next Day')).toBe(2)
    expect(await codeOf('node_modules')).toBe(4)
    expect(await codeOf('to-be-made')).toBe(0)
    expect(await codeOf('to_be_made')).toBe(4) // the same tables and settings
    expect((await program.run(['init', 'src'])).code).toBe(4)
    await writeFile(join(program.home, 'to-be-made/features.ts'), 'export const specification =\n  {{\n')
    const broken = await program.run(['models', '--project', join(program.home, 'to-be-made')])
    expect(broken).toMatchObject({ code: 2 })
    expect(broken.err).toContain('(features.ts, line 2)')
  })
})

/** A generated project against formatter, linter, compiler and the walls of the house. */
async function expectRulesKept(folder: string): Promise<void> {
  const run = async (script: string, ...args: string[]): Promise<void> => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'node_modules', script), ...args], { cwd: ROOT })
  }
  const tsconfig = join(folder, 'tsconfig.json')
  const typeRoots = [join(ROOT, 'node_modules/@types')]
  await writeFile(
    tsconfig,
    JSON.stringify({ extends: join(ROOT, 'tsconfig.json'), compilerOptions: { typeRoots }, include: ['./*.ts'] }),
  )
  await run('typescript/bin/tsc', '--noEmit', '-p', tsconfig)
  // How long a line is, and where an import leads, depends on where it lies: here as if beside package.json.
  const beside = join(folder, 'beside')
  await mkdir(beside)
  const files = ['features.ts', 'project.ts', 'simulator.ts']
  for (const file of files) {
    const text = await readFile(join(folder, file), 'utf8')
    await writeFile(join(beside, file), text.replaceAll(`'${relative(folder, ROOT)}/`, "'../"))
  }
  await run('@biomejs/biome/bin/biome', 'check', '--vcs-enabled=false', `--config-path=${ROOT}`, beside)
  const sources = await Promise.all(
    files.map(async (file) => readSource(`made/${file}`, await readFile(join(beside, file), 'utf8'))),
  )
  expect(sources.flatMap(({ imports }) => imports).length).toBeGreaterThan(4)
  expect(projectsPastTheDoor(sources, ['made'])).toEqual([])
}
