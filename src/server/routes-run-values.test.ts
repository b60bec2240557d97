import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { openMlflowStore } from '../mlflow/store.ts'
import { BAD_SIGN, byKey, DOCS, granted, newRun, notFound, refused, runOf } from './runs-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeAll(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterAll(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

const MISREAD =
  'Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to'

/** The latest metrics of a run, as [value, timestamp, step]. */
async function metricsOf(runId: string): Promise<Record<string, unknown>> {
  const { metrics = [] } = (await runOf(bed, runId)).data
  return Object.fromEntries(metrics.map(({ key, value, timestamp, step }) => [key, [value, timestamp, step]]))
}

/** Sends a body as it stands, and gives the answer's text. */
async function send(path: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }
  return (await bed.app.request(`/api/2.0/mlflow/${path}`, { method: 'POST', headers, body })).text()
}

describe('a metric', () => {
  const point = { key: 'm', value: 1, timestamp: 1 }

  test('is kept as a number, also from a text or from true, NaN and the infinities as MLflow has them', async () => {
    const run_id = await newRun(bed)
    for (const [key, value] of Object.entries({
      a: '1.5',
      b: true,
      c: 'NaN',
      d: 'Infinity',
      e: '-inf',
      f: -0.1,
      g: '1e3',
    })) {
      await granted(bed, 'POST', 'runs/log-metric', { run_id, key, value, timestamp: '5', step: '7' })
    }
    for (const [key, value] of Object.entries({ h: 'NaN', i: 'Infinity', j: '-Infinity', k: '12345678901234567890' })) {
      const body = `{"run_id": "${run_id}", "key": "${key}", "value": ${value}, "timestamp": 5, "step": 7}` // bare words
      expect(await send('runs/log-metric', body)).toBe('{}')
    }
    const values = Object.entries(await metricsOf(run_id)).map(([key, found]) => [key, (found as unknown[])[0]])
    const most = Number.MAX_VALUE
    expect(Object.fromEntries(values)).toEqual({
      ...{ a: 1.5, b: 1, c: 'NaN', d: most, e: -most, f: -0.1, g: 1000 },
      ...{ h: 'NaN', i: most, j: -most, k: 1.2345678901234567e19 },
    })
  })

  test('keeps every digit of steps and timestamps of 64 bits', async () => {
    const run_id = await newRun(bed)
    const largest = 2n ** 63n - 1n
    for (const [key, step] of Object.entries({ a: `${largest}`, b: '9007199254740993', c: '-9223372036854775808' })) {
      const body = `{"run_id": "${run_id}", "key": "${key}", "value": 1, "timestamp": ${largest - 1n}, "step": ${step}}`
      expect(await send('runs/log-metric', body)).toBe('{}')
      const answer = await bed.app.request(`/api/2.0/mlflow/metrics/get-history?run_id=${run_id}&metric_key=${key}`)
      expect(await answer.text()).toContain(`"timestamp":9223372036854775806,"step":${step}}`)
    }
    const over = `{"run_id": "${run_id}", "key": "d", "value": 1, "timestamp": 9223372036854775808}`
    expect(await send('runs/log-metric', over)).toContain("Invalid value 9223372036854775808 for parameter 'timestamp'")
  })

  test.each([
    [{ value: 'abc' }, `Invalid value "abc" for parameter 'value' supplied:  Hint: Value was of type 'str'. ${DOCS}`],
    [{ value: null }, `Missing value for required parameter 'value'. ${DOCS}`],
    [
      { value: { b: 1, a: [] } },
      `Invalid value {"a":[],"b":1} for parameter 'value' supplied:  Hint: Value was of type 'dict'. ${DOCS}`,
    ],
    [{ timestamp: undefined }, `Missing value for required parameter 'timestamp'. ${DOCS}`],
    [
      { timestamp: 'foo' },
      `Invalid value "foo" for parameter 'timestamp' supplied:  Hint: Value was of type 'str'. ${DOCS}`,
    ],
    [
      { timestamp: 5.5 },
      `Invalid value 5.5 for parameter 'timestamp' supplied:  Hint: Value was of type 'float'. ${DOCS}`,
    ],
    [{ step: 'foo' }, `Invalid value "foo" for parameter 'step' supplied:  Hint: Value was of type 'str'. ${DOCS}`],
    [{ run_id: 31 }, `Invalid value 31 for parameter 'run_id' supplied:  Hint: Value was of type 'int'. ${DOCS}`],
    [{ key: '' }, `Missing value for required parameter 'key'. ${DOCS}`],
    [{ key: 'a$é' }, `Invalid value "a$\\u00e9" for parameter 'name' supplied: ${BAD_SIGN}`],
    [{ key: 'a/../b' }, `Invalid value "a/../b" for parameter 'name' supplied: ${MISREAD} 'b'`],
    [
      { timestamp: -1, key: 'm2' },
      "Invalid value -1 for parameter 'timestamp' supplied: metric 'm2' (value=1.0). Timestamp must be a nonnegative long (64-bit integer) ",
    ],
  ])('with %j is refused', async (fields, message) => {
    const run_id = await newRun(bed)
    expect(await bed.ask('POST', 'runs/log-metric', { run_id, ...point, ...fields })).toEqual(refused(message))
    expect(await metricsOf(run_id)).toEqual({})
  })

  test('is the latest by its step, then its timestamp, then its value; the same point again changes nothing', async () => {
    const run_id = await newRun(bed)
    const points = [
      [1, 10, 5],
      [2, 10, 4],
      [3, 9, 5],
      [0, 10, 5],
      [4, 10, 5],
      [4, 10, 5],
    ]
    for (const [value, timestamp, step] of points) {
      await granted(bed, 'POST', 'runs/log-metric', { run_id, key: 'm', value, timestamp, step })
    }
    expect(await metricsOf(run_id)).toEqual({ m: [4, 10, 5] })
    const { metrics } = await granted(bed, 'GET', `metrics/get-history?run_id=${run_id}&metric_key=m`)
    expect(metrics).toHaveLength(5)
  })

  test('of hundreds that come at once none is lost, and one that is refused takes no other with it', async () => {
    const run_id = await newRun(bed)
    const answers = await Promise.all(
      Array.from({ length: 300 }, (_, step) => {
        const key = step % 10 === 9 ? 'a//b' : `m${step % 3}`
        const run = step % 10 === 8 ? 'nope' : run_id
        return bed.ask('POST', 'runs/log-metric', { run_id: run, key, value: step, timestamp: 1, step })
      }),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(240)
    expect(await metricsOf(run_id)).toEqual({ m0: [297, 1, 297], m1: [295, 1, 295], m2: [296, 1, 296] })
    const rows = bed.database.sql.selectFrom('metrics').select('step').where('run_uuid', '=', run_id)
    expect((await rows.execute()).map(({ step }) => step).sort((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 300 }, (_, step) => step).filter((step) => step % 10 < 8),
    )
  })

  test('of a logged model is kept with the model too, by the data set it was measured on', async () => {
    const run_id = await newRun(bed)
    const made = await bed.ask('POST', 'logged-models', { experiment_id: '0', name: 'tree' })
    const { model } = made.body as { model: { info: { model_id: string } } } // as the route for it answers
    const { model_id } = model.info
    const on = { model_id, dataset_name: 'fold', dataset_digest: 'd1' }
    await granted(bed, 'POST', 'runs/log-metric', { run_id, key: 'mae', value: 2, timestamp: 1, step: 3, ...on })
    await granted(bed, 'POST', 'runs/log-batch', {
      run_id,
      metrics: [
        { ...point, ...on, value: 'NaN' },
        { ...point, key: 'n' },
      ],
    })
    const rows = await bed.database.sql
      .selectFrom('logged_model_metrics')
      .select(['metric_name', 'metric_value', 'metric_step', 'run_id', 'dataset_name', 'dataset_digest'])
      .where('model_id', '=', model_id)
      .execute()
    const common = { run_id, dataset_name: 'fold', dataset_digest: 'd1' }
    expect(rows).toEqual([
      { metric_name: 'mae', metric_value: 2, metric_step: 3, ...common },
      { metric_name: 'm', metric_value: 0, metric_step: 0, ...common }, // its column cannot tell NaN from 0
    ])
    expect(Object.keys(await metricsOf(run_id)).sort()).toEqual(['m', 'mae', 'n'])
    const unknown = { run_id, ...point, key: 'never', model_id: 'm-none' }
    expect(await bed.ask('POST', 'runs/log-metric', unknown)).toEqual(
      notFound("Logged model with ID 'm-none' not found."),
    )
    expect(Object.keys(await metricsOf(run_id))).not.toContain('never')
  })

  test('names a data set with its digest or not at all', async () => {
    const run_id = await newRun(bed)
    const half = refused('Both dataset_name and dataset_digest must be provided if one is provided')
    const halves = [{ dataset_name: 'd' }, { dataset_digest: 'd' }, { dataset_name: 'd', dataset_digest: '' }]
    for (const fields of halves) {
      expect(await bed.ask('POST', 'runs/log-metric', { run_id, ...point, ...fields })).toEqual(half)
      expect(await bed.ask('POST', 'runs/log-batch', { run_id, metrics: [point, { ...point, ...fields }] })).toEqual(
        half,
      )
    }
    expect(await metricsOf(run_id)).toEqual({})
    const whole = { dataset_name: 'd', dataset_digest: 'e' }
    await granted(bed, 'POST', 'runs/log-metric', { run_id, ...point, ...whole })
  })
})

describe('a parameter', () => {
  const write = (run_id: string, key: string, value?: string) =>
    bed.ask('POST', 'runs/log-parameter', { run_id, key, value })

  test('is written once: the same again is fine, another value is not', async () => {
    const run_id = await newRun(bed)
    await write(run_id, 'p', '1')
    expect(await write(run_id, 'p', '1')).toEqual({ status: 200, body: {} })
    expect(await write(run_id, 'p', '2')).toEqual(
      refused(
        `Changing param values is not allowed. Param with key='p' was already logged with value='1' for run ID='${run_id}'. Attempted logging new value '2'.`,
      ),
    )
    await write(run_id, 'empty')
    await write(run_id, 'été 漢: x-y_z.1/2', '𝒳\n')
    expect(byKey((await runOf(bed, run_id)).data.params)).toEqual({ p: '1', empty: '', 'été 漢: x-y_z.1/2': '𝒳\n' })
  })

  test('is cut at 6000 characters, a tag at 8000, or refused where the server was told so', async () => {
    const run_id = await newRun(bed)
    await write(run_id, 'p', '𝒳'.repeat(6001))
    await bed.ask('POST', 'runs/set-tag', { run_id, key: 't', value: '𝒳'.repeat(8001) })
    const { params, tags } = (await runOf(bed, run_id)).data
    expect(byKey(params)).toEqual({ p: '𝒳'.repeat(6000) })
    expect(byKey(tags)).toMatchObject({ t: '𝒳'.repeat(8000) })
    const { database, artifacts, clock } = bed
    const addresses = { shown: (uri: string) => uri } as never // nothing here asks it
    const strict = openMlflowStore({ database, artifacts, addresses, clock, cutsLongValues: false })
    await expect(strict.logParam(run_id, 'q', 'x'.repeat(6001))).rejects.toThrow(
      "'Param value' exceeds the maximum length of 6000 characters",
    )
    const tags2 = [{ key: 'u', value: 'x'.repeat(8001) }]
    await expect(strict.logBatch({ run_id, metrics: [], params: [], tags: tags2 })).rejects.toThrow(
      "'tags[0].value' exceeds the maximum length of 8000 characters",
    )
  })
})

describe('a tag', () => {
  test('is written over, and deleted once', async () => {
    const run_id = await newRun(bed)
    for (const value of ['1', '2']) await granted(bed, 'POST', 'runs/set-tag', { run_id, key: 't', value })
    expect(byKey((await runOf(bed, run_id)).data.tags)).toMatchObject({ t: '2' })
    await granted(bed, 'POST', 'runs/delete-tag', { run_id, key: 't' })
    expect(await bed.ask('POST', 'runs/delete-tag', { run_id, key: 't' })).toEqual(
      notFound(`No tag with name: t in run with id ${run_id}`),
    )
  })

  test.each([
    [{ key: 'z'.repeat(251) }, "'key' exceeds the maximum length of 250 characters"],
    [{ key: '/a' }, `Invalid value "/a" for parameter 'key' supplied: ${MISREAD} '/a'`],
    [{ value: 41 }, `Invalid value 41 for parameter 'value' supplied:  Hint: Value was of type 'int'. ${DOCS}`],
    [
      { value: '\0' },
      `Invalid value "\\u0000" for parameter 'value' supplied:  Hint: Value was of type 'str'. ${DOCS}`,
    ],
    [
      { value: '\ud800' },
      `Invalid value "\\ud800" for parameter 'value' supplied:  Hint: Value was of type 'str'. ${DOCS}`,
    ],
  ])('with %j is refused', async (fields, message) => {
    expect(await bed.ask('POST', 'runs/set-tag', { run_id: 'r', key: 't', value: 'v', ...fields })).toEqual(
      refused(message),
    )
  })

  test('names the run, unless it is empty', async () => {
    const run_id = await newRun(bed)
    for (const value of ['given', ''])
      await granted(bed, 'POST', 'runs/set-tag', { run_id, key: 'mlflow.runName', value })
    const { info, data } = await runOf(bed, run_id)
    expect([info.run_name, byKey(data.tags)['mlflow.runName']]).toEqual(['given', 'given'])
    await granted(bed, 'POST', 'runs/log-batch', { run_id, tags: [{ key: 'mlflow.runName', value: 'batch' }] })
    expect((await runOf(bed, run_id)).info.run_name).toBe('batch')
  })
})
