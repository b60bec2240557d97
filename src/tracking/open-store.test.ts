import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { diskArtifacts } from '../artifacts/disk.ts'
import { type EmbeddedTracking, openEmbeddedTracking } from './embedded.ts'
import { CAUSE, MODEL, NOON_MS, registered, startedRun, testClock } from './tracking-bed.ts'

// Made by the real MLflow 3.17.2 (tests/golden/mlflow_schema.py).
const Golden = z.object({
  revision: z.string(),
  workspaces: z.array(z.unknown()),
  experiments: z.array(z.unknown()),
  tables: z.record(
    z.string(),
    z.object({ columns: z.array(z.string()), foreignKeys: z.array(z.string()), checks: z.array(z.string()) }),
  ),
  indexesAndTriggers: z.record(z.string(), z.string()),
})
const GOLDEN_FILE = new URL('../../tests/golden/mlflow-schema.json', import.meta.url)

let scratch = ''
let made = 0

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-tracking-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

const freshPath = (): string => join(scratch, String(made++), 'mlflow.db')
const open = (databasePath: string): Promise<EmbeddedTracking> =>
  openEmbeddedTracking({
    databasePath,
    artifacts: diskArtifacts(join(databasePath, '../artifacts')),
    clock: testClock(),
    user: 'tester',
  })

/** A database that Understudy made and closed. */
async function closedStore(): Promise<string> {
  const path = freshPath()
  await (await open(path))[Symbol.asyncDispose]()
  return path
}

/** Runs statements on the file as another program would. */
function elsewhere(path: string, statements: string): void {
  const connection = new DatabaseSync(path)
  connection.exec(statements)
  connection.close()
}

function rowsOf(path: string, query: string, ...values: string[]): unknown[][] {
  const connection = new DatabaseSync(path)
  const statement = connection.prepare(query)
  statement.setReturnArrays(true)
  const rows = statement.all(...values) as unknown as unknown[][] // setReturnArrays makes each row an array
  connection.close()
  return rows
}

/** One spelling of a statement, the golden script's: single spaces, none beside brackets, no quotes around plain names. */
function words(statement: string): string {
  return statement
    .trim()
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/"(\w+)"/g, '$1')
    .replaceAll(/ ?([(),]) ?/g, '$1')
}

test('a new database has every table, column, key, check, index and trigger that MLflow 3.17.2 makes, and its first rows', async () => {
  const golden = Golden.parse(JSON.parse(await readFile(GOLDEN_FILE, 'utf8')))
  const path = await closedStore()
  const objects = rowsOf(
    path,
    `select type, name, sql from sqlite_schema where sql is not null and name not like '%understudy%' order by name`,
  )
  const statements = objects.map(([kind, name, text]) => ({ kind, name: String(name), text: String(text) }))
  const tables = statements
    .filter(({ kind }) => kind === 'table')
    .map(({ name, text }) => [
      name,
      {
        columns: rowsOf(path, 'select name, type, "notnull", dflt_value, pk from pragma_table_xinfo(?)', name).map(
          (column) => column.map((fact) => fact ?? '').join(' | '),
        ),
        foreignKeys: rowsOf(
          path,
          'select "table", "from", "to", on_update, on_delete from pragma_foreign_key_list(?)',
          name,
        )
          .map((key) => key.map((fact) => fact ?? 'None').join(' | '))
          .sort(),
        checks: (text.match(/CHECK ?\(.*\)/g) ?? []).map(words).sort(),
      },
    ])
  expect(Object.fromEntries(tables)).toEqual(golden.tables)
  const others = statements.filter(({ kind }) => kind !== 'table').map(({ name, text }) => [name, words(text)])
  expect(Object.fromEntries(others)).toEqual(golden.indexesAndTriggers)
  expect(rowsOf(path, 'select * from alembic_version')).toEqual([[golden.revision]])
  expect(rowsOf(path, 'select * from workspaces')).toEqual(golden.workspaces)
  expect(rowsOf(path, 'select experiment_id, name, lifecycle_stage, workspace from experiments')).toEqual(
    golden.experiments,
  )
})

test('what is written keeps the file whole and every foreign key kept', async () => {
  const path = freshPath()
  const tracking = await open(path)
  const [version] = await registered(tracking, 2)
  await tracking.logInputs(version?.runId ?? '', [
    { name: 'n', digest: 'd', context: 'train', sourceType: 'local', source: {}, schema: null, profile: null },
  ])
  await tracking.move(MODEL, [{ version: 1, to: 'Production', cause: CAUSE }])
  await tracking[Symbol.asyncDispose]()
  expect(rowsOf(path, 'pragma integrity_check')).toEqual([['ok']])
  expect(rowsOf(path, 'pragma foreign_key_check')).toEqual([])
  expect(rowsOf(path, 'pragma journal_mode')).toEqual([['wal']])
})

test('special metric values are stored as MLflow stores them', async () => {
  const path = freshPath()
  const tracking = await open(path)
  const run = await startedRun(tracking)
  const values = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  await tracking.logMetrics(
    run.id,
    values.map((value, step) => ({ key: 'mae', value, step, timestampMs: 1 })),
  )
  await tracking[Symbol.asyncDispose]()
  expect(rowsOf(path, 'select value, is_nan from metrics order by step')).toEqual([
    [0, 1],
    [1.7976931348623157e308, 0],
    [-1.7976931348623157e308, 0],
  ])
})

test('a timestamp beyond 2^53 that MLflow wrote is read as the nearest number', async () => {
  const path = freshPath()
  const tracking = await open(path)
  const run = await startedRun(tracking)
  elsewhere(
    path,
    `insert into metrics (key, value, timestamp, step, is_nan, run_uuid) values ('mae', 1, 9223372036854775807, -9223372036854775808, 0, '${run.id}');
     insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid) values ('mae', 1, 9223372036854775807, -9223372036854775808, 0, '${run.id}');
     update runs set start_time = 9223372036854775807`,
  )
  expect(await tracking.metricHistory(run.id, 'mae')).toEqual([
    { key: 'mae', value: 1, step: -(2 ** 63), timestampMs: 2 ** 63 },
  ])
  expect(await tracking.run(run.id)).toMatchObject({ startedAtMs: 2 ** 63, metrics: { mae: 1 } })
  await tracking.logMetrics(run.id, [{ key: 'mae', value: 2, step: 0, timestampMs: 0 }])
  expect((await tracking.run(run.id)).metrics).toEqual({ mae: 2 })
  await tracking[Symbol.asyncDispose]()
})

test('a run or experiment deleted in MLflow is not written to', async () => {
  const path = freshPath()
  const tracking = await open(path)
  const run = await startedRun(tracking)
  elsewhere(
    path,
    `update runs set lifecycle_stage = 'deleted'; update experiments set lifecycle_stage = 'deleted' where name = 'taxi'`,
  )
  await expect(tracking.setTags(run.id, { a: '1' })).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('deleted'),
  })
  expect((await tracking.run(run.id)).id).toBe(run.id)
  expect(await tracking.findExperiment('taxi')).toBeNull()
  await expect(tracking.experiment('taxi')).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(tracking.startRun({ experimentId: run.experimentId, name: 'a' })).rejects.toMatchObject({
    code: 'CONFLICT',
  })
  await tracking[Symbol.asyncDispose]()
})

test('a home that was moved keeps its artifacts and models', async () => {
  const path = freshPath()
  const before = await openEmbeddedTracking({
    databasePath: path,
    artifacts: diskArtifacts(join(path, '../old place')),
    clock: testClock(),
    user: 't',
  })
  const [version] = await registered(before)
  await before[Symbol.asyncDispose]()
  const store = diskArtifacts(join(path, '../new place'))
  for (const file of await diskArtifacts(join(path, '../old place')).list('')) {
    await store.put(file.path, await diskArtifacts(join(path, '../old place')).get(file.path))
  }
  await rm(join(path, '../old place'), { recursive: true })
  await using after = await openEmbeddedTracking({
    databasePath: path,
    artifacts: store,
    clock: testClock(),
    user: 't',
  })
  expect(await after.readModelFile(MODEL, 1, 'model.onnx')).toHaveLength(4)
  expect(await after.listArtifacts(version?.runId ?? '')).toHaveLength(1)
})

test('a model whose files lie elsewhere says where, and no source leads out of the artifacts', async () => {
  const path = freshPath()
  await using tracking = await open(path)
  await registered(tracking)
  for (const source of ['s3://bucket/model', 'file:///etc', '/etc', 'models:/m-1']) {
    elsewhere(path, `update model_versions set source = '${source}', storage_location = null`)
    const refused = tracking.readModelFile(MODEL, 1, 'passwd')
    await expect(refused, source).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining(source) })
  }
  elsewhere(path, `update model_versions set source = '/0/${'a'.repeat(32)}/artifacts/../../../../etc'`)
  await expect(tracking.readModelFile(MODEL, 1, 'passwd')).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('prompts, which MLflow keeps among the models, are not models', async () => {
  const path = freshPath()
  await using tracking = await open(path)
  await registered(tracking)
  elsewhere(
    path,
    `insert into registered_models (name) values ('a prompt');
     insert into registered_model_tags (name, key, value) values ('a prompt', 'mlflow.prompt.is_prompt', 'true')`,
  )
  expect(await tracking.models()).toEqual([MODEL])
})

test.each(['c3d6457b6d8a', '7d34483879f0', 'dc11669786a5', 'f4a9b2c7d1e6'])(
  'a database at the known revision %s is opened, and its revision left alone',
  async (revision) => {
    const path = await closedStore()
    elsewhere(path, `update alembic_version set version_num = '${revision}'`)
    const tracking = await open(path)
    expect((await startedRun(tracking)).startedAtMs).toBe(NOON_MS)
    await tracking[Symbol.asyncDispose]()
    expect(rowsOf(path, 'select version_num from alembic_version')).toEqual([[revision]])
  },
)

test.each([
  ['an unknown one', `update alembic_version set version_num = 'ffffffffffff'`, 'ffffffffffff'],
  ['an older one', `update alembic_version set version_num = '1b5f0d9ad7c1'`, '1b5f0d9ad7c1'],
  ['none', 'delete from alembic_version', 'none'],
])('a database whose MLflow revision is %s is refused in words, and left as it was', async (_, statement, found) => {
  const path = await closedStore()
  elsewhere(path, `${statement}; drop table understudy_effects`)
  await expect(open(path)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(new RegExp(`mlflow\\.db.*${found}.*mlflow db upgrade`)),
  })
  expect(rowsOf(path, `select 1 from sqlite_schema where name = 'understudy_effects'`)).toEqual([])
})

test("another program's database is refused and left as it was", async () => {
  const path = freshPath()
  await mkdir(join(path, '..'))
  elsewhere(path, 'create table recipes (name text)')
  await expect(open(path)).rejects.toMatchObject({ code: 'BAD_DATA', message: expect.stringContaining('recipes') })
  expect(rowsOf(path, 'select name from sqlite_schema')).toEqual([['recipes']])
})

test('a database changed by a newer, breaking build is refused in words; by a newer harmless one it is not', async () => {
  const path = await closedStore()
  elsewhere(path, `insert into understudy_schema (number, name, breaking, digest) values (98, 'harmless', 0, 'x')`)
  await (await open(path))[Symbol.asyncDispose]()
  elsewhere(path, `insert into understudy_schema (number, name, breaking, digest) values (99, 'all new', 1, 'x')`)
  await expect(open(path)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringMatching(/mlflow\.db.*99.*all new.*newer build/),
  })
})

test('a damaged file is BAD_DATA and named', async () => {
  const path = freshPath()
  await mkdir(join(path, '..'))
  await writeFile(path, 'this is no database, whatever its name says. '.repeat(100))
  await expect(open(path)).rejects.toMatchObject({ code: 'BAD_DATA', message: expect.stringContaining(path) })
  const torn = await closedStore()
  const bytes = await readFile(torn)
  await writeFile(torn, Buffer.concat([bytes.subarray(0, 4096), Buffer.alloc(bytes.length - 4096, 7)]))
  await expect(open(torn)).rejects.toMatchObject({ code: 'BAD_DATA', message: expect.stringContaining(torn) })
})
