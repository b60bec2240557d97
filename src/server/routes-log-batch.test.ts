import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { BAD_SIGN, byKey, DOCS, granted, newRun, refused, runOf } from './runs-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeAll(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterAll(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

describe('a batch', () => {
  const metric = (step: number) => ({ key: `m${step % 7}`, value: step / 3, timestamp: step, step })
  const metrics = (count: number) => Array.from({ length: count }, (_, step) => metric(step))
  const pairs = (count: number) => Array.from({ length: count }, (_, i) => ({ key: `k${i}`, value: '' }))
  const counted = (count: number, max: number, what: string) =>
    `A batch logging request can contain at most ${max} ${what}. Got ${count} ${what}. Please split up ${what} across multiple requests and try again.`

  test('of the largest size is kept whole, and changes nothing when it comes again', async () => {
    const run_id = await newRun(bed)
    const body = { run_id, metrics: metrics(860), params: pairs(100), tags: pairs(40) }
    for (let i = 0; i < 2; i++) await granted(bed, 'POST', 'runs/log-batch', body)
    const { data } = await runOf(bed, run_id)
    expect([data.metrics?.length, data.params?.length, data.tags?.length]).toEqual([7, 100, 41])
    const latest = byKey((data.metrics ?? []).map(({ key, step }) => ({ key, value: step })))
    expect(latest).toEqual({ m0: 854, m1: 855, m2: 856, m3: 857, m4: 858, m5: 859, m6: 853 })
    const { metrics: history } = await granted(bed, 'GET', `metrics/get-history?run_id=${run_id}&metric_key=m5`)
    expect(history?.map(({ step }) => step)).toEqual(
      metrics(860)
        .map(({ step }) => step)
        .filter((step) => step % 7 === 5),
    )
  })

  test.each([
    [
      'metrics that are no list',
      { metrics: 'foo' },
      `Invalid value "foo" for parameter 'metrics' supplied:  Hint: Value was of type 'str'. ${DOCS}`,
    ],
    [
      'no timestamp',
      { metrics: [{ key: 'mae', value: 2.5 }] },
      `Missing value for required parameter 'metrics[0].timestamp'. ${DOCS}`,
    ],
    [
      'no value',
      { metrics: [metric(1), { key: 'mae', timestamp: 1 }] },
      `Missing value for required parameter 'metrics[1].value'. ${DOCS}`,
    ],
    [
      'no key of a parameter',
      { params: [{ value: '1' }] },
      `Missing value for required parameter 'params[0].key'. ${DOCS}`,
    ],
    ['no key of a tag', { tags: [{ value: '1' }] }, `Missing value for required parameter 'tags[0].key'. ${DOCS}`],
    ['1001 metrics', { metrics: metrics(1001) }, counted(1001, 1000, 'metrics')],
    ['101 parameters', { params: pairs(101) }, counted(101, 100, 'params')],
    ['101 tags', { tags: pairs(101) }, counted(101, 100, 'tags')],
    ['1001 of all', { metrics: metrics(950), params: pairs(51) }, counted(1001, 1000, 'metrics, params, and tags')],
    [
      'a parameter twice',
      { params: [...pairs(2), ...pairs(1)] },
      "Duplicate parameter keys have been submitted: ['k0']. Please ensure the request contains only one param value per param key.",
    ],
    [
      'a wrong name',
      { metrics: [metric(1), { ...metric(2), key: 'a$b' }] },
      `Invalid value "a$b" for parameter 'metrics[1].name' supplied: ${BAD_SIGN}`,
    ],
    ['a long key', { tags: [{ key: 'k'.repeat(251) }] }, "'tags[0].key' exceeds the maximum length of 250 characters"],
    [
      'a time before 1970',
      { metrics: [{ ...metric(2), timestamp: -5 }] },
      "Invalid value -5 for parameter 'metrics[0].timestamp' supplied: metric 'm2' (value=0.6666666666666666). Timestamp must be a nonnegative long (64-bit integer) ",
    ],
  ])('with %s is refused', async (_, fields, message) => {
    expect(await bed.ask('POST', 'runs/log-batch', { run_id: 'r', ...fields })).toEqual(refused(message))
  })

  test('that changes a parameter is refused with all it holds', async () => {
    const run_id = await newRun(bed)
    await granted(bed, 'POST', 'runs/log-batch', {
      run_id,
      params: [
        { key: 'p', value: '1' },
        { key: 'q', value: 'x' },
      ],
    })
    const params = [
      { key: 'p', value: '3' },
      { key: 'q', value: 'x' },
      { key: 'new', value: "it's" },
    ]
    expect(await bed.ask('POST', 'runs/log-batch', { run_id, params, metrics: metrics(3), tags: pairs(1) })).toEqual(
      refused(
        `Changing param values is not allowed. Params were already logged='[{'key': 'p', 'old_value': '1', 'new_value': '3'}]' for run ID='${run_id}'.`,
      ),
    )
    const { data } = await runOf(bed, run_id)
    expect([data.metrics, data.params?.length, data.tags?.length]).toEqual([undefined, 2, 1])
  })

  test('for an id that cannot be one is refused as such', async () => {
    expect(await bed.ask('POST', 'runs/log-batch', { run_id: '-a' })).toEqual(
      refused('Invalid value "-a" for parameter \'run_id\' supplied.'),
    )
  })
})
