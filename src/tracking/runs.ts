// Runs: started, written to while they run, sealed when they end.
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import type { Context } from './context.ts'
import { once } from './effects.ts'
import { readInputs, writeInputs } from './inputs.ts'
import { fileIn, locate } from './locate.ts'
import { checkMetrics, readMetricHistory, writeMetrics } from './metrics.ts'
import { checkKey, checkText, tagValue } from './names.ts'
import type { Run, Tracking } from './port.ts'
import { fillRuns, openRunRow, RUN_COLUMNS, type RunRow, runRow } from './read-runs.ts'
import { checkTags, NAME_TAG, newParams, statusOf } from './run-rules.ts'
import type { Sql } from './schema.ts'

type RunWriting = Pick<
  Tracking,
  'startRun' | 'logParams' | 'logMetrics' | 'setTags' | 'logInputs' | 'logArtifact' | 'endRun'
>
type RunReading = Pick<Tracking, 'run' | 'findRuns' | 'metricHistory' | 'inputs' | 'readArtifact' | 'listArtifacts'>

export function runWriting(context: Context): RunWriting {
  const { database, artifacts, clock } = context
  return {
    startRun: (options, effect) => startRun(context, options, effect),
    async logParams(runId, params) {
      for (const key of Object.keys(params)) checkKey('parameter', key)
      await database.transaction(async (trx) => {
        await openRunRow(trx, runId)
        await writeParams(trx, runId, params)
      })
    },
    async logMetrics(runId, metrics) {
      checkMetrics(metrics)
      await database.transaction(async (trx) => {
        await openRunRow(trx, runId)
        await writeMetrics(trx, runId, metrics)
      })
    },
    async setTags(runId, tags) {
      checkTags(tags)
      await database.transaction(async (trx) => {
        await openRunRow(trx, runId)
        await writeTags(trx, runId, tags)
      })
    },
    async logInputs(runId, inputs) {
      await database.transaction(async (trx) => {
        await writeInputs(trx, await openRunRow(trx, runId), inputs)
      })
    },
    async logArtifact(runId, path, bytes) {
      const folder = artifactsOf(context, await openRunRow(database.sql, runId))
      await artifacts.put(fileIn(folder, path), bytes)
    },
    async endRun(runId, status) {
      await database.transaction(async (trx) => {
        const { status: before } = await runRow(trx, runId)
        if (statusOf(before) === status) return // said twice, for example by a task that was resumed
        await openRunRow(trx, runId)
        const ended = { status, end_time: clock.nowMs() }
        await trx.updateTable('runs').set(ended).where('run_uuid', '=', runId).execute()
      })
    },
  }
}

export function runReading(context: Context): RunReading {
  const { database, artifacts } = context
  return {
    async run(runId) {
      return onlyOf(await fillRuns(database.sql, [await runRow(database.sql, runId)]))
    },
    async findRuns(experimentId, tags) {
      return fillRuns(database.sql, await rowsWithTags(database.sql, experimentId, tags))
    },
    async metricHistory(runId, key) {
      await runRow(database.sql, runId)
      return readMetricHistory(database.sql, runId, key)
    },
    async inputs(runId) {
      await runRow(database.sql, runId)
      return readInputs(database.sql, runId)
    },
    async readArtifact(runId, path) {
      return artifacts.get(fileIn(artifactsOf(context, await runRow(database.sql, runId)), path))
    },
    async listArtifacts(runId) {
      const folder = artifactsOf(context, await runRow(database.sql, runId))
      const files = await artifacts.list(folder)
      return files.map(({ path, bytes }) => ({ path: path.slice(folder.length + 1), bytes }))
    },
  }
}

async function startRun(
  { database, artifacts, clock, user }: Context,
  { experimentId, name, tags = {} }: Parameters<Tracking['startRun']>[0],
  effect: Parameters<Tracking['startRun']>[1],
): Promise<Run> {
  checkText('run name', name, { max: 250 })
  checkTags(tags)
  const id = newId()
  const nowMs = clock.nowMs()
  const run = async (trx: Sql): Promise<Run> => {
    const experiment = await experimentNumber(trx, experimentId)
    const row = {
      run_uuid: id,
      experiment_id: experiment,
      name,
      status: 'RUNNING',
      start_time: nowMs,
      end_time: null,
      artifact_uri: artifacts.uri(`${experiment}/${id}/artifacts`),
      lifecycle_stage: 'active',
    }
    // The four columns at the end have been tags since MLflow 1; it still fills them like this.
    const legacy = { user_id: user, source_type: 'UNKNOWN', source_name: '', entry_point_name: '', source_version: '' }
    await trx
      .insertInto('runs')
      .values({ ...row, ...legacy })
      .execute()
    const origin = { 'mlflow.user': user, 'mlflow.source.name': 'understudy', 'mlflow.source.type': 'LOCAL' }
    await writeTags(trx, id, { ...origin, ...tags, [NAME_TAG]: name })
    return onlyOf(await fillRuns(trx, [row]))
  }
  return database.transaction((trx) => once(trx, { kind: 'start a run', effect, nowMs, run: () => run(trx) }))
}

async function experimentNumber(trx: Sql, experimentId: string): Promise<number> {
  const id = /^\d{1,15}$/.test(experimentId) ? Number(experimentId) : -1
  const row = await trx
    .selectFrom('experiments')
    .select('lifecycle_stage')
    .where('experiment_id', '=', id)
    .executeTakeFirst()
  if (row === undefined)
    throw new PlannedError('NOT_FOUND', `there is no experiment ${experimentId}`, { next: 'make it by its name first' })
  if (row.lifecycle_stage !== 'deleted') return id
  throw new PlannedError('CONFLICT', `experiment ${experimentId} was deleted in MLflow`, {
    next: 'restore it there, or use another one',
  })
}

async function writeParams(trx: Sql, runId: string, params: Readonly<Record<string, string>>): Promise<void> {
  const rows = await trx.selectFrom('params').select(['key', 'value']).where('run_uuid', '=', runId).execute()
  const earlier = new Map(rows.map((row) => [row.key, row.value]))
  for (const { key, value } of newParams(runId, earlier, params)) {
    await trx.insertInto('params').values({ key, value, run_uuid: runId }).execute()
  }
}

async function writeTags(trx: Sql, runId: string, tags: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, given] of Object.entries(tags)) {
    const value = tagValue(given)
    await trx
      .insertInto('tags')
      .values({ key, value, run_uuid: runId })
      .onConflict((conflict) => conflict.columns(['key', 'run_uuid']).doUpdateSet({ value }))
      .execute()
    if (key === NAME_TAG) await trx.updateTable('runs').set({ name: value }).where('run_uuid', '=', runId).execute()
  }
}

/** Rows of an experiment's runs whose tags have these values, newest first; deleted ones are left out. */
async function rowsWithTags(sql: Sql, experimentId: string, tags: Readonly<Record<string, string>>): Promise<RunRow[]> {
  const experiment = await experimentNumber(sql, experimentId)
  let query = sql
    .selectFrom('runs')
    .select(RUN_COLUMNS)
    .where('experiment_id', '=', experiment)
    .where('lifecycle_stage', '=', 'active')
  for (const [key, given] of Object.entries(tags)) {
    query = query.where('run_uuid', 'in', (tagged) =>
      tagged.selectFrom('tags').select('tags.run_uuid').where('key', '=', key).where('value', '=', tagValue(given)),
    )
  }
  return query.orderBy('start_time', 'desc').orderBy('rowid', 'desc').execute()
}

function artifactsOf({ artifacts }: Context, row: RunRow): string {
  return locate(artifacts, row.artifact_uri ?? '', `the artifact folder of run ${row.run_uuid}`)
}

function onlyOf(runs: readonly Run[]): Run {
  const [run] = runs
  if (run === undefined) throw new Error('one row of a run gives one run')
  return run
}
