import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { DOCS, granted, newRun, notFound, refused, runOf } from './runs-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeAll(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterAll(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

const NOON = Date.UTC(2015, 0, 31, 12)

async function newExperiment(name: string): Promise<string> {
  return (await granted(bed, 'POST', 'experiments/create', { name })).experiment_id
}

function tagging(id: string, key: string, value?: string) {
  return bed.ask('POST', 'experiments/set-experiment-tag', { experiment_id: id, key, value })
}

describe('an experiment', () => {
  test('is made with tags, and found by its id and by its name', async () => {
    const tags = [{ key: 'team', value: 'blue' }]
    const { experiment_id } = await granted(bed, 'POST', 'experiments/create', { name: 'a: /b', tags })
    const experiment = {
      experiment_id,
      name: 'a: /b',
      artifact_location: `mlflow-artifacts:/${experiment_id}`,
      lifecycle_stage: 'active',
      last_update_time: NOON,
      creation_time: NOON,
      tags,
      workspace: 'default',
    }
    expect(await granted(bed, 'GET', `experiments/get?experiment_id=${experiment_id}`)).toEqual({ experiment })
    const name = encodeURIComponent('a: /b')
    expect(await granted(bed, 'GET', `experiments/get-by-name?experiment_name=${name}`)).toEqual({ experiment })
  })

  test.each([
    ['no name', {}, `Missing value for required parameter 'name'. ${DOCS}`],
    ['an empty name', { name: '' }, `Missing value for required parameter 'name'. ${DOCS}`],
    [
      'a number',
      { name: 123 },
      `Invalid value 123 for parameter 'name' supplied:  Hint: Value was of type 'int'. ${DOCS}`,
    ],
    ['a long name', { name: 'x'.repeat(501) }, "'name' exceeds the maximum length of 500 characters"],
    [
      'tags that are no list',
      { name: 'x', tags: '5' },
      `Invalid value "5" for parameter 'tags' supplied:  Hint: Value was of type 'str'. ${DOCS}`,
    ],
    [
      'a tag whose key holds a wrong sign',
      { name: 'x', tags: [{ key: 'a$b', value: '' }] },
      'Invalid value "a$b" for parameter \'key\' supplied: Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colon(:) and slashes (/).',
    ],
    [
      'a tag that is too long',
      { name: 'x', tags: [{ key: 'a', value: 'v'.repeat(20_001) }] },
      "'value' exceeds the maximum length of 20000 characters",
    ],
  ])('is not made with %s', async (_, body, message) => {
    expect(await bed.ask('POST', 'experiments/create', body)).toEqual(refused(message))
  })

  test('shows in its refusal a number as it was written', async () => {
    const body = '{"name": "x", "artifact_location": 9.0}'
    const headers = { 'content-type': 'application/json', 'content-length': String(body.length) }
    const answer = await bed.app.request('/api/2.0/mlflow/experiments/create', { method: 'POST', headers, body })
    expect(await answer.json()).toMatchObject({
      message: `Invalid value 9.0 for parameter 'artifact_location' supplied:  Hint: Value was of type 'float'. ${DOCS}`,
    })
  })

  test('has its name for itself, also when several ask for it at once', async () => {
    const asking = () => bed.ask('POST', 'experiments/create', { name: 'taken' })
    const answers = await Promise.all(Array.from({ length: 5 }, asking))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    const taken = refused('Experiment(name=taken) already exists.', 400, 'RESOURCE_ALREADY_EXISTS')
    expect(answers.filter(({ status }) => status !== 200)).toEqual([taken, taken, taken, taken])
    const id = await newExperiment('another')
    expect(await bed.ask('POST', 'experiments/update', { experiment_id: id, new_name: 'taken' })).toEqual(taken)
  })

  test('that is not there is named', async () => {
    expect(await bed.ask('GET', 'experiments/get?experiment_id=999')).toEqual(
      notFound('No Experiment with id=999 exists'),
    )
    expect(await bed.ask('GET', 'experiments/get?experiment_id=abc')).toEqual(
      refused("Invalid experiment ID 'abc'. Experiment ID must be a valid integer."),
    )
    expect(await bed.ask('GET', 'experiments/get-by-name?experiment_name=zz')).toEqual(
      notFound("Could not find experiment with name 'zz'"),
    )
    expect(await bed.ask('GET', 'experiments/get')).toEqual(
      refused(`Missing value for required parameter 'experiment_id'. ${DOCS}`),
    )
  })

  test('is renamed', async () => {
    const id = await newExperiment('before')
    const madeAt = bed.clock.nowMs()
    bed.clock.advance(5)
    await granted(bed, 'POST', 'experiments/update', { experiment_id: id, new_name: 'after' })
    const { experiment } = await granted(bed, 'GET', `experiments/get?experiment_id=${id}`)
    expect(experiment).toMatchObject({ name: 'after', creation_time: madeAt, last_update_time: madeAt + 5 })
    expect(await bed.ask('POST', 'experiments/update', { experiment_id: id })).toEqual(
      refused(`Missing value for required parameter 'new_name'. ${DOCS}`),
    )
  })

  test('takes tags, which are changed and deleted', async () => {
    const id = await newExperiment('tagged')
    await tagging(id, 'a', '1')
    await tagging(id, 'a', 'x'.repeat(20_000))
    await tagging(id, 'empty')
    const { experiment } = await granted(bed, 'GET', `experiments/get?experiment_id=${id}`)
    expect(experiment.tags).toEqual([
      { key: 'a', value: 'x'.repeat(20_000) },
      { key: 'empty', value: '' },
    ])
    expect(await tagging(id, 'a', 'x'.repeat(20_001))).toEqual(
      refused("'value' exceeds the maximum length of 20000 characters"),
    )
    const body = { experiment_id: id, key: 'a' }
    await granted(bed, 'POST', 'experiments/delete-experiment-tag', body)
    expect(await bed.ask('POST', 'experiments/delete-experiment-tag', body)).toEqual(
      notFound(`No tag with name: a in experiment with id ${id}`),
    )
  })

  test('keeps fifty arrangements of its page, and lets those be changed', async () => {
    const id = await newExperiment('arranged')
    for (let i = 0; i < 50; i++) await tagging(id, `mlflow.customView.view${i}`, '{}')
    expect(await tagging(id, 'mlflow.customView.view50', '{}')).toEqual(
      refused(/^Unable to create another custom view for experiment .* is 50\. Delete an existing custom view/),
    )
    expect(await tagging(id, 'mlflow.customView.view49', '{"a":1}')).toMatchObject({ status: 200 })
  })

  test('is deleted and restored with its runs, and takes nothing in between', async () => {
    const id = await newExperiment('deleted')
    const runId = await newRun(bed, id)
    const body = { experiment_id: id }
    expect(await bed.ask('POST', 'experiments/restore', body)).toEqual(notFound(`No Experiment with id=${id} exists`))
    await granted(bed, 'POST', 'experiments/delete', body)
    const { experiment } = await granted(bed, 'GET', `experiments/get?experiment_id=${id}`)
    expect(experiment.lifecycle_stage).toBe('deleted')
    expect((await runOf(bed, runId)).info.lifecycle_stage).toBe('deleted')
    const closed = refused(`The experiment ${id} must be in the 'active' state. Current state is deleted.`)
    expect(await bed.ask('POST', 'runs/create', body)).toEqual(closed)
    expect(await tagging(id, 'a', '1')).toEqual(closed)
    const renaming = await bed.ask('POST', 'experiments/update', { ...body, new_name: 'other' })
    expect(renaming).toEqual(refused('Cannot rename a non-active experiment.'))
    expect(await bed.ask('POST', 'experiments/delete', body)).toEqual(notFound(`No Experiment with id=${id} exists`))
    await granted(bed, 'POST', 'experiments/restore', body)
    expect((await runOf(bed, runId)).info.lifecycle_stage).toBe('active')
  })
})
