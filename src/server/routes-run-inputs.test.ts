import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { byKey, DOCS, granted, newRun, refused, runOf } from './runs-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeAll(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterAll(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

const dataset = { name: 'rows', digest: 'd1', source_type: 'local', source: '{"path":"x"}' }
const forTraining = [{ key: 'mlflow.data.context', value: 'train' }]

describe('what a run read', () => {
  test('is kept as it was first described, once for the run', async () => {
    const run_id = await newRun(bed)
    const full = { ...dataset, digest: 'd2', schema: '{"columns":[]}', profile: '{}' }
    const datasets = [{ dataset, tags: forTraining }, { dataset: full }, { dataset: { ...dataset, source: 'other' } }]
    for (let i = 0; i < 2; i++) await granted(bed, 'POST', 'runs/log-inputs', { run_id, datasets })
    await granted(bed, 'POST', 'runs/log-inputs', { run_id, models: [{ model_id: 'm-1' }] })
    expect((await runOf(bed, run_id)).inputs).toEqual({
      dataset_inputs: [{ tags: forTraining, dataset }, { dataset: full }],
      model_inputs: [{ model_id: 'm-1' }],
    })
    const other = await newRun(bed)
    await granted(bed, 'POST', 'runs/log-inputs', {
      run_id: other,
      datasets: [{ dataset: { ...dataset, source: 'other' } }],
    })
    expect((await runOf(bed, other)).inputs).toEqual({ dataset_inputs: [{ dataset }] })
  })

  test.each([
    [{ name: 'n'.repeat(501) }, [], "'name' exceeds the maximum length of 500 characters"],
    [{ digest: 'd'.repeat(37) }, [], "'digest' exceeds the maximum length of 36 characters"],
    [{ source: 's'.repeat(65_536) }, [], "'source' exceeds the maximum length of 65535 characters"],
    [{ schema: 's'.repeat(1_048_576) }, [], "'schema' exceeds the maximum length of 1048575 characters"],
    [{ name: '' }, [], `Missing value for required parameter 'datasets[0].dataset.name'. ${DOCS}`],
    [{}, [{ key: 'k'.repeat(256), value: '' }], "'key' exceeds the maximum length of 255 characters"],
    [{}, [{ key: 'k', value: 'v'.repeat(501) }], "'value' exceeds the maximum length of 500 characters"],
  ])('is refused beyond the limits (%#)', async (fields, tags, message) => {
    const datasets = [{ dataset: { ...dataset, ...fields }, tags }]
    expect(await bed.ask('POST', 'runs/log-inputs', { run_id: 'r', datasets })).toEqual(refused(message))
  })

  test('is refused where it is no list, and beyond a thousand', async () => {
    const wrong = refused(
      `Invalid value "x" for parameter 'datasets' supplied:  Hint: Value was of type 'str'. ${DOCS}`,
    )
    expect(await bed.ask('POST', 'runs/log-inputs', { run_id: 'r', datasets: 'x' })).toEqual(wrong)
    const datasets = Array.from({ length: 1001 }, () => ({ dataset }))
    expect(await bed.ask('POST', 'runs/log-inputs', { run_id: 'r', datasets })).toEqual(
      refused(/^A batch logging request can contain at most 1000 datasets\. Got 1001 datasets\./),
    )
  })

  test('is found by the experiments, once for each context', async () => {
    const { experiment_id } = await granted(bed, 'POST', 'experiments/create', { name: 'with data' })
    const evaluated = [{ key: 'mlflow.data.context', value: 'eval' }]
    for (const tags of [forTraining, forTraining, evaluated, []]) {
      await granted(bed, 'POST', 'runs/log-inputs', {
        run_id: await newRun(bed, experiment_id),
        datasets: [{ dataset, tags }],
      })
    }
    const search = async (body: object) => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const answer = await bed.app.request('/ajax-api/2.0/mlflow/experiments/search-datasets', {
        ...init,
        headers: { ...init.headers, 'content-length': String(init.body.length) },
      })
      return { status: answer.status, body: (await answer.json()) as { dataset_summaries?: object[] } } // as the route answers
    }
    const { body } = await search({ experiment_ids: [experiment_id] })
    const summary = { experiment_id, name: 'rows', digest: 'd1' }
    expect(new Set(body.dataset_summaries)).toEqual(
      new Set([summary, { ...summary, context: 'train' }, { ...summary, context: 'eval' }]),
    )
    expect(await search({ experiment_ids: ['987'] })).toEqual({ status: 200, body: {} })
    expect(await search({})).toEqual(refused('SearchDatasets request must specify at least one experiment_id.'))
    expect(await search({ experiment_ids: Array(21).fill('1') })).toEqual(
      refused('SearchDatasets request cannot specify more than 20 experiment_ids. Received 21 experiment_ids.'),
    )
  })
})

describe('what a run made', () => {
  test('is named with the step it was made at; said again it gets the new step', async () => {
    const run_id = await newRun(bed)
    const models = [{ model_id: 'm-2', step: 3 }, { model_id: 'm-3' }]
    await granted(bed, 'POST', 'runs/outputs', { run_id, models })
    await granted(bed, 'POST', 'runs/outputs', { run_id, models: [{ model_id: 'm-3', step: '9' }] })
    expect((await runOf(bed, run_id)).outputs).toEqual({
      model_outputs: [
        { model_id: 'm-2', step: 3 },
        { model_id: 'm-3', step: 9 },
      ],
    })
    expect(await bed.ask('POST', 'runs/outputs', { run_id })).toEqual(
      refused(`Missing value for required parameter 'models'. ${DOCS}`),
    )
  })

  test('before MLflow 3 is a list in a tag, whose oldest entries go when there is no more room', async () => {
    const run_id = await newRun(bed)
    const flavors = { f: { config: { secret: 1 }, x: 'y'.repeat(3000) } }
    const model = (artifact_path: string) =>
      JSON.stringify({ artifact_path, flavors, utc_time_created: 't', run_id, model_uuid: 'u', signature: {} })
    const log = (model_json: string) => bed.ask('POST', 'runs/log-model', { run_id, model_json })
    for (const path of ['a', 'b', 'c']) await log(model(path))
    const value = byKey((await runOf(bed, run_id)).data.tags)['mlflow.log-model.history'] ?? ''
    const entry = { run_id, utc_time_created: 't', model_uuid: 'u', flavors: { f: { x: 'y'.repeat(3000) } } }
    expect(JSON.parse(value)).toEqual([
      { ...entry, artifact_path: 'b' },
      { ...entry, artifact_path: 'c' },
    ])
    expect(await log('x{')).toEqual(refused('Malformed model info. \n x{ \n is not a valid JSON.'))
    expect(await log('{"artifact_path": "a", "utc_time_created": "t", "run_id": "r"}')).toEqual(
      refused("Model json is missing mandatory fields: {'flavors'}"),
    )
  })
})
