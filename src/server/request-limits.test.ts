import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { granted, newRun, refused } from './runs-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeAll(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterAll(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

const DATASET = { name: 'rows', digest: 'd1', source_type: 'local', source: '{}' }

function pairs(count: number) {
  return Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: 'v' }))
}

function models(count: number) {
  return Array.from({ length: count }, (_, i) => ({ model_id: `m${i}` }))
}

function tooMany(what: string, count = 1001, most = 1000) {
  return refused(
    `A batch logging request can contain at most ${most} ${what}. Got ${count} ${what}. ` +
      `Please split up ${what} across multiple requests and try again.`,
  )
}

async function send(path: string, body: string) {
  const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
  const answer = await bed.app.request(`/api/2.0/mlflow/${path}`, { method: 'POST', headers, body })
  return { status: answer.status, body: await answer.json() }
}

describe('a list that is kept has a thousand entries at most', () => {
  test.each([
    ['POST', 'experiments/create', 'tags', { name: 'a', tags: pairs(1001) }],
    ['POST', 'runs/create', 'tags', { experiment_id: '0', tags: pairs(1001) }],
    ['POST', 'registered-models/create', 'tags', { name: 'a', tags: pairs(1001) }],
    ['POST', 'registered-models/get-latest-versions', 'stages', { name: 'a', stages: Array(1001).fill('None') }],
    ['POST', 'model-versions/create', 'tags', { name: 'a', source: 's', tags: pairs(1001) }],
    ['POST', 'logged-models', 'params', { experiment_id: '0', params: pairs(1001) }],
    ['POST', 'logged-models', 'tags', { experiment_id: '0', tags: pairs(1001) }],
    ['POST', 'logged-models/m-1/params', 'params', { params: pairs(1001) }],
    ['PATCH', 'logged-models/m-1/tags', 'tags', { tags: pairs(1001) }],
    ['POST', 'runs/log-inputs', 'models', { run_id: 'r', models: models(1001) }],
    ['POST', 'runs/log-inputs', 'tags', { run_id: 'r', datasets: [{ dataset: DATASET, tags: pairs(1001) }] }],
    ['POST', 'runs/outputs', 'models', { run_id: 'r', models: models(1001) }],
  ])('%s %s: %s', async (method, path, what, body) => {
    expect(await bed.ask(method, path, body)).toEqual(tooMany(what))
  })

  test('and a thousand are kept', async () => {
    const run_id = await newRun(bed)
    await granted(bed, 'POST', 'runs/log-inputs', { run_id, models: models(1000) })
    await granted(bed, 'POST', 'experiments/create', { name: 'thousand', tags: pairs(1000) })
  })

  test('and the data sets of a request have five thousand tags together', async () => {
    const run_id = await newRun(bed)
    const datasets = Array.from({ length: 11 }, (_, i) => ({
      dataset: { ...DATASET, name: `d${i}` },
      tags: pairs(455),
    }))
    expect(await bed.ask('POST', 'runs/log-inputs', { run_id, datasets })).toEqual(tooMany('tags', 5005, 5000))
    await granted(bed, 'POST', 'runs/log-inputs', { run_id, datasets: datasets.slice(1) })
  })

  test('and its entries are not looked at if it has more', async () => {
    const wrong = Array.from({ length: 1001 }, () => 5)
    expect(await bed.ask('POST', 'runs/create', { experiment_id: '0', tags: wrong })).toEqual(tooMany('tags'))
  })
})

describe('a body', () => {
  const refusedBody = refused(/^The request's body holds more than 100000 values\. Please split it/)

  test.each([
    ['unknown fields', `{${Array.from({ length: 100_001 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['entries of a list', `{"tags":[${'1,'.repeat(100_001)}1]}`],
    ['values of a text that is JSON itself', JSON.stringify(`{"tags":[${'1,'.repeat(100_001)}1]}`)],
  ])('of more than 100 000 %s is refused', async (_, body) => {
    expect(await send('runs/create', body)).toEqual(refusedBody)
  })

  test('may hold any number of commas in its texts, and fields that nobody knows', async () => {
    const value = ','.repeat(300_000)
    const unknown = Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')
    expect(await send('runs/create', `{"experiment_id":"0","x":"${value}",${unknown}}`)).toMatchObject({ status: 200 })
  })

  test('that is long is not read a second time to tell a wrong number as it was written', async () => {
    const long = `{"experiment_id":9.0,"x":"${'x'.repeat(1_100_000)}"}`
    const told = (written: string) => refused(new RegExp(`^Invalid value ${written} for parameter 'experiment_id'`))
    expect(await send('runs/create', '{"experiment_id":9.0}')).toEqual(told('9\\.0'))
    expect(await send('runs/create', long)).toEqual(told('9'))
  })

  test('with a number of millions of digits is refused at once, beside one whose digits are kept', async () => {
    const digits = '7'.repeat(5_000_000)
    const began = performance.now()
    const body = `{"experiment_id":"0","start_time":1234567890123456789,"tags":${digits}}`
    expect(await send('runs/create', body)).toMatchObject({ status: 400 })
    expect(performance.now() - began).toBeLessThan(2000) // ms; a bigint of as many digits takes several times as long
  })
})

test('a page token that is longer than any is refused without being repeated', async () => {
  const page_token = 'A'.repeat(3_000_000)
  expect(await bed.ask('POST', 'runs/search', { experiment_ids: ['0'], page_token })).toEqual(
    refused('Invalid page token: it has 3000000 characters; at most 4096 are read.'),
  )
  expect(await bed.ask('POST', 'logged-models/search', { experiment_ids: ['0'], page_token })).toEqual(
    refused('Invalid page token: it has 3000000 characters; at most 2097152 are read.'),
  )
})
