// The recipe's commands, through make, with the lines that they print.
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { type Ended, openProgram } from './program.ts'

const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }

/** The lines of a text that bear one of the recipe's marks, or are one of its unmarked ones. */
function linesOf({ out }: Ended): string[] {
  return out.split('\n').filter((line) => /^(✅|❌|⭐️|🚀 New model|Old model)/u.test(line))
}

/** Numbers differ from one machine to the next; what is said of them does not. */
function withoutFigures(lines: readonly string[]): string[] {
  return lines.map((line) => line.replace(/\d+\.\d+/g, 'x'))
}

const TRAINED = [
  '⭐️ Use case: preprocess',
  '✅ Data loaded, with shape (1800, 4)',
  '✅ data cleaned',
  '✅ X_processed, with shape (1782, 26)',
  '✅ preprocess() done',
  '⭐️ Use case: train',
  '✅ Data loaded, with shape (1746, 27)',
  '✅ Model initialized',
  '✅ Model compiled',
  '✅ Model trained on 1728 rows with min val MAE: x',
  '✅ Results saved locally',
  '✅ Model saved locally',
  '✅ Model deliveries version 1 transitioned from None to Staging',
  '✅ train() done',
  '✅ mlflow_run autolog done',
]
const EVALUATED = [
  '⭐️ Use case: evaluate',
  '✅ Model loaded from local disk',
  '✅ Data loaded, with shape (1782, 27)',
  '✅ Model evaluated, MAE: x',
  '✅ Results saved locally',
  '✅ evaluate() done',
  '✅ mlflow_run autolog done',
]
const MONTH = [
  '⭐️ Use case: preprocess',
  '✅ Data loaded, with shape (600, 4)',
  '✅ data cleaned',
  '✅ X_processed, with shape (594, 26)',
  '✅ preprocess() done',
]
const MONTH_EVALUATED = EVALUATED.map((line) => line.replace('1782', '594'))
const MONTH_TRAINED = [
  '⭐️ Use case: train',
  '✅ Model loaded from local disk', // it goes on from the champion, so nothing is initialised
  '✅ Data loaded, with shape (475, 27)',
  '✅ Model compiled',
  '✅ Model trained on 415 rows with min val MAE: x',
  '✅ Results saved locally',
  '✅ Model saved locally',
  '✅ Model deliveries version 2 transitioned from None to Staging',
  '✅ train() done',
  '✅ mlflow_run autolog done',
]

test("the recipe's own path: train, evaluate, Production by hand, the month; nothing is trained twice", {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram({ ...DELIVERIES, TRAINERS: 'mlp', GATE_THRESHOLD: '50' })
  const trained = await program.make('run_train')
  expect(trained, trained.err).toMatchObject({ code: 0 })
  expect(withoutFigures(linesOf(trained))).toEqual(TRAINED)
  const lowest =
    /with min val MAE: (\S+)\n {3}mlp: kept are the weights of epoch \d+, with MAE (\S+) min on the 18 early-stop rows;/
  const [, min = '', kept = ''] = lowest.exec(trained.out) ?? []
  expect(Number(min)).toBeLessThanOrEqual(Number(kept))
  expect(trained.out).toContain(`early-stop mae ${kept} min`) // the figure that is reported
  expect(trained.out).toContain('v1 of deliveries learnt 1,746 parcels') // those that say when to stop among them

  const promoted = await program.run(['promote', 'deliveries', '--version', '1', '--why', 'the first one'])
  expect(promoted.out).toBe('✅ Model deliveries version 1 transitioned from Staging to Production\n')
  const evaluated = await program.make('run_evaluate')
  expect(withoutFigures(linesOf(evaluated))).toEqual(EVALUATED)
  expect(evaluated.out.trimEnd().split('\n').at(-1)).toMatch(
    /^⚠️ {2}in-sample: it has learnt rows of this window, so this error is too good; on rows it has not seen: --version 1 --from 2020-03-\d\d$/,
  )
  const predicted = await program.make('run_pred')
  expect(predicted.out).toMatch(
    /^⭐️ Use case: predict\n✅ Model loaded from local disk\nminutes \d+\.\d\d min {2}\(v1, /,
  )

  const month = await program.make('run_workflow')
  expect(month, month.err).toMatchObject({ code: 0 })
  const said = withoutFigures(linesOf(month))
  expect(said.slice(0, 5)).toEqual(MONTH)
  for (const part of [MONTH_EVALUATED, MONTH_TRAINED]) expect(said.join('\n')).toContain(part.join('\n'))
  expect(said.slice(5 + MONTH_EVALUATED.length + MONTH_TRAINED.length)[0]).toMatch(
    /^(🚀 New model replacing old in production with MAE: x the Old MAE was: x|Old model kept in place with MAE: x\. The new MAE was: x)$/,
  )
  expect(said.at(-1)).toMatch(/^✅ Model deliveries version 2 transitioned from Staging to (Production|Archived)$/)
  expect(await program.json<unknown[]>(['models'])).toHaveLength(2)

  const nothingThere = ['--version', '1', '--from', '2020-01-29', '--to', '2020-02-01']
  const empty = await program.run(['evaluate', ...nothingThere])
  expect(empty, empty.err).toMatchObject({ code: 5 })
  expect(linesOf(empty).at(-1)).toBe('❌ No data to evaluate on')
})

test('what cannot be done says so in the recipe’s words, with an exit code and what to do', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(DELIVERIES)
  const evaluated = await program.run(['evaluate'])
  expect(evaluated).toMatchObject({ code: 3 })
  expect(linesOf(evaluated)).toEqual([
    '❌ No model found with name deliveries in stage Production',
    '❌ No model to evaluate',
  ])
  expect(evaluated.err).toContain('make the first with: ./understudy cycle')
  expect(await program.make('run_evaluate')).toMatchObject({ code: 2 }) // make's own code for a command that failed
  const few = await program.run(['train', '--from', '2020-01-29', '--to', '2020-02-01'])
  expect(few, few.err).toMatchObject({ code: 5 })
  expect(linesOf(few).slice(-2)).toEqual(['⭐️ Use case: train', '❌ Not enough processed data retrieved to train on'])
  expect(few.err).toContain('✗ preprocess the history (preprocess_history)\n')
  expect(few.err.match(/too few to learn/g)).toHaveLength(1) // where the command ends, and nowhere else
  await program.json(['train'])
  const waiting = await program.run(['predict'])
  expect(waiting).toMatchObject({ code: 3 })
  expect(waiting.err).toContain('./understudy promote deliveries --version 1 --why "…"')
})

test('make run_all needs nothing to be in Production, and --json prints none of the lines', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram({ ...DELIVERIES, MODEL_TARGET: 'mlflow' })
  const all = await program.make('run_all')
  expect(all, all.err).toMatchObject({ code: 0 })
  const useCases = linesOf(all).filter((line) => line.startsWith('⭐️'))
  expect(useCases).toEqual(['preprocess', 'train', 'predict', 'evaluate'].map((step) => `⭐️ Use case: ${step}`))
  for (const line of ['✅ Results saved on mlflow', '✅ Model saved to mlflow', '✅ model loaded from mlflow'])
    expect(linesOf(all)).toContain(line)
  expect(all.out).not.toMatch(/saved locally|local disk/) // nothing was: the recipe's own files belong to MODEL_TARGET=local
  expect(all.out).not.toMatch(/Model (initialized|compiled)/) // a line through least squares begins with no weights
  expect(existsSync(join(program.home, 'training_outputs'))).toBe(false)
  const evaluated = await program.run(['evaluate', '--stage', 'Staging', '--json'])
  expect(Object.keys(JSON.parse(evaluated.out))).toContain('inSample')
})

test('make alone shows what test_kitt found last, or says what there is to type', { timeout: 60_000 }, async () => {
  await using program = await openProgram(DELIVERIES)
  const KITT_OUTPUT = join(program.home, 'test_output.txt')
  const none = await program.make('default', { KITT_OUTPUT })
  expect(none).toMatchObject({ code: 0 })
  for (const target of ['make test_kitt', 'make help', 'make run_workflow']) expect(none.out).toContain(target)
  const kitt = await program.make('test_kitt', { KITT_OUTPUT, DATA_SIZE: 'enormous' })
  expect(kitt, kitt.err).toMatchObject({ code: 0 }) // whatever it finds
  expect(kitt.out).toContain(`git add ${KITT_OUTPUT}`)
  const found = await readFile(KITT_OUTPUT, 'utf8')
  expect(found).toContain('test_mlflow.py::TestMlflow::test_model_target FAILED')
  expect((await program.make('default', { KITT_OUTPUT })).out).toBe(found)
})

test('every target of the recipe is there and listed', { timeout: 60_000 }, async () => {
  await using program = await openProgram(DELIVERIES)
  const { out } = await program.make('help')
  const listed = out.split('\n').map((line) => line.split(' ')[0])
  for (const target of RECIPE_TARGETS) expect(listed).toContain(target)
})

const RECIPE_TARGETS = [
  ...['reinstall_package', 'run_preprocess', 'run_train', 'run_pred', 'run_evaluate', 'run_all', 'run_workflow'],
  ...['test_kitt', 'test_mlflow_config', 'test_prefect_config', 'test_gcp_setup', 'show_sources_all'],
  ...['reset_local_files', 'reset_bq_files', 'reset_gcs_files', 'reset_all_files', 'clean'],
]

test('make show_sources_all shows every place, and a damaged one hides no other', { timeout: 60_000 }, async () => {
  await using program = await openProgram(DELIVERIES)
  await program.json(['preprocess'])
  const all = await program.make('show_sources_all')
  expect(all, all.err).toMatchObject({ code: 0 })
  for (const part of [/warehouse +\d+ files/, /deliveries_raw_small +simulated +3,600 rows +2020-01 to 2020-06/])
    expect(all.out).toMatch(part)
  expect(all.out).toMatch(/no data set in BigQuery is used: WAREHOUSE is duckdb/)
  const table = join(program.home, 'warehouse', 'deliveries_processed_small')
  const manifest = (await readdir(table)).find((name) => name.endsWith('.json'))
  await writeFile(join(table, manifest ?? ''), 'not a manifest')
  const damaged = await program.make('show_sources_all')
  expect(damaged, damaged.err).toMatchObject({ code: 0 })
  expect(damaged.out).toMatch(/deliveries_processed_small +❌ /)
  expect(damaged.out).toContain('deliveries_raw_small')
  expect((await program.make('reset_local_files')).out).toContain(`removed ${basename(table)}`)
  await rm(program.home, { recursive: true })
  expect((await program.make('show_sources_all')).out).toContain('nothing yet')
  expect(existsSync(program.home)).toBe(false) // looking makes nothing
})
