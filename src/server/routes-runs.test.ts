import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { byKey, DOCS, granted, newRun, notFound, refused, runOf } from './runs-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeAll(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterAll(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

describe('a run', () => {
  test('begins with what it is given, and is read back', async () => {
    const given = {
      experiment_id: '0',
      user_id: 'anna',
      run_name: 'first',
      start_time: 5,
      tags: [{ key: 'a', value: 'b' }],
    }
    const { run } = await granted(bed, 'POST', 'runs/create', given)
    const id = run.info.run_id
    expect(id).toMatch(/^[0-9a-f]{32}$/)
    const info = {
      run_uuid: id,
      experiment_id: '0',
      run_name: 'first',
      user_id: 'anna',
      status: 'RUNNING',
      start_time: 5,
      artifact_uri: `mlflow-artifacts:/0/${id}/artifacts`,
      lifecycle_stage: 'active',
      run_id: id,
    }
    const data = {
      tags: [
        { key: 'a', value: 'b' },
        { key: 'mlflow.runName', value: 'first' },
      ],
    }
    expect(run).toEqual({ info, data, inputs: {} })
    expect(await runOf(bed, id)).toEqual({ info, data, inputs: {}, outputs: {} })
    expect(await granted(bed, 'GET', `runs/get?run_uuid=${id}`)).toEqual({ run: await runOf(bed, id) }) // its older name
  })

  test('gets a name of chance unless told otherwise', async () => {
    const { run } = await granted(bed, 'POST', 'runs/create', { experiment_id: '0' })
    expect(run.info).toMatchObject({ experiment_id: '0', start_time: 0, user_id: '' })
    expect(run.info.run_name).toMatch(/^[a-z]+-[a-z]+-\d{1,3}$/)
    expect(run.info.run_name.length).toBeLessThanOrEqual(20)
    expect(byKey(run.data.tags)).toEqual({ 'mlflow.runName': run.info.run_name })
  })

  test('is named by its tag too, but not by two names', async () => {
    const tags = [{ key: 'mlflow.runName', value: 'm' }]
    expect((await granted(bed, 'POST', 'runs/create', { experiment_id: '0', tags })).run.info.run_name).toBe('m')
    expect(await bed.ask('POST', 'runs/create', { experiment_id: '0', run_name: 'n', tags })).toEqual(
      refused(
        "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values (run_name='n', mlflow.runName='m').",
      ),
    )
    expect(await bed.ask('POST', 'runs/create', { experiment_id: '0', run_name: 'n'.repeat(251) })).toEqual(
      refused("'run_name' exceeds the maximum length of 250 characters"),
    )
  })

  test.each([
    [{}, refused(`Missing value for required parameter 'experiment_id'. ${DOCS}`)],
    [{ experiment_id: '' }, refused(`Missing value for required parameter 'experiment_id'. ${DOCS}`)],
    [{ experiment_id: '999' }, notFound('No Experiment with id=999 exists')],
    [{ experiment_id: 'abc' }, refused("Invalid experiment ID 'abc'. Experiment ID must be a valid integer.")],
    [
      { experiment_id: 5 },
      refused(`Invalid value 5 for parameter 'experiment_id' supplied:  Hint: Value was of type 'int'. ${DOCS}`),
    ],
    [
      { experiment_id: '0', start_time: 'soon' },
      refused(`Invalid value "soon" for parameter 'start_time' supplied:  Hint: Value was of type 'str'. ${DOCS}`),
    ],
  ])('does not begin with %j', async (body, answer) => {
    expect(await bed.ask('POST', 'runs/create', body)).toEqual(answer)
  })

  test('keeps every digit of a start beyond 2^53', async () => {
    const { run } = await granted(bed, 'POST', 'runs/create', { experiment_id: '0', start_time: '9007199254740993' })
    const answer = await bed.app.request(`/api/2.0/mlflow/runs/get?run_id=${run.info.run_id}`)
    expect(await answer.text()).toContain('"start_time":9007199254740993')
  })

  test('that is not there is named, whatever is asked of it', async () => {
    const answer = notFound('Run with id=nope not found')
    expect(await bed.ask('GET', 'runs/get?run_id=nope')).toEqual(answer)
    for (const [path, fields] of Object.entries({
      'runs/update': { status: 'FINISHED' },
      'runs/delete': {},
      'runs/restore': {},
      'runs/log-metric': { key: 'm', value: 1, timestamp: 1 },
      'runs/log-parameter': { key: 'p', value: '1' },
      'runs/set-tag': { key: 't', value: '1' },
      'runs/delete-tag': { key: 't' },
      'runs/log-batch': { tags: [{ key: 't', value: '1' }] },
      'runs/log-inputs': { models: [{ model_id: 'm-1' }] },
      'runs/outputs': { models: [] },
    })) {
      expect(await bed.ask('POST', path, { run_id: 'nope', ...fields }), path).toEqual(answer)
      expect(await bed.ask('POST', path, fields), path).toEqual(
        refused(`Missing value for required parameter 'run_id'. ${DOCS}`),
      )
    }
  })

  test('is ended and renamed; what is not said stays as it is', async () => {
    const run_id = await newRun(bed)
    const ended = await granted(bed, 'POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 77 })
    expect(ended.run_info).toMatchObject({ run_id, status: 'FINISHED', end_time: 77 })
    const named = await granted(bed, 'POST', 'runs/update', { run_id, run_name: 'new' })
    expect(named.run_info).toMatchObject({ status: 'FINISHED', end_time: 77, run_name: 'new' })
    await granted(bed, 'POST', 'runs/update', { run_id, run_name: '' })
    expect(byKey((await runOf(bed, run_id)).data.tags)).toEqual({ 'mlflow.runName': 'new' })
    expect(await bed.ask('POST', 'runs/update', { run_id, status: 'DONE' })).toEqual(
      refused(`Invalid value "DONE" for parameter 'status' supplied:  Hint: Value was of type 'str'. ${DOCS}`),
    )
  })

  test('that ended is still written to, as MLflow allows', async () => {
    const run_id = await newRun(bed)
    await granted(bed, 'POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 77 })
    await granted(bed, 'POST', 'runs/log-metric', { run_id, key: 'late', value: 1, timestamp: 1 })
    expect((await runOf(bed, run_id)).data.metrics).toHaveLength(1)
  })

  test('that was deleted can only be read, until it is restored', async () => {
    const run_id = await newRun(bed)
    await granted(bed, 'POST', 'runs/delete', { run_id })
    const row = bed.database.sql.selectFrom('runs').select('deleted_time').where('run_uuid', '=', run_id)
    expect(await row.execute()).toEqual([{ deleted_time: bed.clock.nowMs() }])
    const before = await runOf(bed, run_id)
    const closed = refused(`The run ${run_id} must be in the 'active' state. Current state is deleted.`)
    for (const [path, fields] of writes())
      expect(await bed.ask('POST', path, { run_id, ...fields }), path).toEqual(closed)
    expect(await runOf(bed, run_id)).toEqual(before)
    await granted(bed, 'POST', 'runs/restore', { run_id })
    expect(await row.execute()).toEqual([{ deleted_time: null }])
    for (const [path, fields] of writes()) await granted(bed, 'POST', path, { run_id, ...fields })
  })

  test('that Understudy made is sealed once it has ended, whoever writes', async () => {
    const run_id = await newRun(bed)
    await granted(bed, 'POST', 'runs/set-tag', { run_id, key: 'understudy.kind', value: 'training' })
    for (const [path, fields] of writes().slice(0, -1)) await granted(bed, 'POST', path, { run_id, ...fields })
    await granted(bed, 'POST', 'runs/update', { run_id, status: 'FINISHED', end_time: 77 })
    const before = await runOf(bed, run_id)
    const sealed = refused(
      `The run ${run_id} was recorded by Understudy and ended as FINISHED, so it is sealed and nothing can be written to it. Start a new run.`,
    )
    const untagging = ['runs/delete-tag', { key: 'understudy.kind' }] as const
    for (const [path, fields] of [...writes(), untagging]) {
      expect(await bed.ask('POST', path, { run_id, ...fields }), path).toEqual(sealed)
    }
    expect(await runOf(bed, run_id)).toEqual(before)
  })
})

/** Every way of writing to a run. */
function writes(): [path: string, fields: object][] {
  const dataset = { name: 'n', digest: 'd', source_type: 'local', source: '{}' }
  const model = { artifact_path: 'a', flavors: {}, utc_time_created: 't', run_id: 'r' }
  return [
    ['runs/log-metric', { key: 'm', value: 1, timestamp: 1 }],
    ['runs/log-parameter', { key: 'p', value: '1' }],
    ['runs/set-tag', { key: 't', value: '1' }],
    ['runs/delete-tag', { key: 't' }],
    ['runs/log-batch', { metrics: [{ key: 'b', value: 1, timestamp: 1 }] }],
    ['runs/log-inputs', { datasets: [{ dataset }] }],
    ['runs/outputs', { models: [{ model_id: 'm-1' }] }],
    ['runs/log-model', { model_json: JSON.stringify(model) }],
    ['runs/update', { status: 'RUNNING' }],
  ]
}
