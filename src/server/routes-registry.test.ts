import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { memoryArtifacts } from '../artifacts/memory.ts'
import { granted, moveTo, newModel, newVersion, notFound, refused } from './registry-bed.ts'
import { openServerBed, type ServerBed } from './server-bed.ts'

let bed: ServerBed
beforeEach(async () => {
  bed = await openServerBed({ artifactsIn: () => memoryArtifacts() })
})
afterEach(async () => {
  expect(bed.reported).toEqual([])
  await bed[Symbol.asyncDispose]()
})

const NOON = Date.UTC(2015, 0, 31, 12)
const docs = 'See the API docs for more information about request parameters.'

describe('a registered model', () => {
  test('is made with tags, of which the last of one key counts, and found again; a second of its name is refused', async () => {
    const tags = ['b', 'c'].map((value) => ({ key: 'a', value }))
    const made = await granted(bed, 'POST', 'registered-models/create', { name: 'one', tags, description: 'first' })
    const model = {
      name: 'one',
      creation_timestamp: NOON,
      last_updated_timestamp: NOON,
      description: 'first',
      tags: [{ key: 'a', value: 'c' }],
    }
    expect(made).toEqual({ registered_model: model })
    expect(await granted(bed, 'GET', 'registered-models/get?name=one')).toEqual({ registered_model: model })
    const again = await bed.ask('POST', 'registered-models/create', { name: 'one' })
    expect(again).toEqual(refused(400, 'Registered Model (name=one) already exists.', 'RESOURCE_ALREADY_EXISTS'))
  })

  const misread =
    'Names may be treated as files in certain cases, and must not resolve to other names when treated as such. This name would resolve to'
  test.each([
    ['', `Missing value for required parameter 'name'. ${docs}`],
    ['  ', "Missing value for required parameter 'name'."],
    ['a/b', "Invalid model name 'a/b'. Names cannot contain '/' or ':'."],
    ['a:b', "Invalid model name 'a:b'. Names cannot contain '/' or ':'."],
    ['..', `Invalid value ".." for parameter 'name' supplied: ${misread} '..'`],
    ['.', `Invalid value "." for parameter 'name' supplied: ${misread} '.'`],
    ['x'.repeat(257), "'name' exceeds the maximum length of 256 characters"],
    [123, `Invalid value 123 for parameter 'name' supplied:  Hint: Value was of type 'int'. ${docs}`],
    [null, `Missing value for required parameter 'name'. ${docs}`],
  ])('cannot be called %j', async (name, message) => {
    expect(await bed.ask('POST', 'registered-models/create', { name })).toEqual(refused(400, message))
  })

  test('that is not there is told so, whatever is asked of it', async () => {
    const missing = notFound('Registered Model with name=none not found')
    const name = 'none'
    expect(await bed.ask('GET', 'registered-models/get?name=none')).toEqual(missing)
    expect(await bed.ask('PATCH', 'registered-models/update', { name, description: 'd' })).toEqual(missing)
    expect(await bed.ask('POST', 'registered-models/rename', { name, new_name: 'new' })).toEqual(missing)
    expect(await bed.ask('DELETE', 'registered-models/delete', { name })).toEqual(missing)
    expect(await bed.ask('POST', 'registered-models/get-latest-versions', { name })).toEqual(missing)
    expect(await bed.ask('POST', 'registered-models/set-tag', { name, key: 'k', value: 'v' })).toEqual(missing)
    expect(await bed.ask('DELETE', 'registered-models/delete-tag', { name, key: 'k' })).toEqual(missing)
    expect(await bed.ask('DELETE', 'registered-models/alias', { name, alias: 'a' })).toEqual(missing)
    expect(await bed.ask('POST', 'model-versions/create', { name, source: 's3://b/x' })).toEqual(missing)
  })

  test('gets another description, and an empty one takes it away', async () => {
    await newModel(bed, 'one')
    bed.clock.advance(5)
    const changed = await granted(bed, 'PATCH', 'registered-models/update', { name: 'one', description: 'new' })
    expect(changed.registered_model).toMatchObject({ description: 'new', last_updated_timestamp: NOON + 5 })
    const without = await granted(bed, 'PATCH', 'registered-models/update', { name: 'one' })
    expect(without.registered_model).not.toHaveProperty('description')
    const tooLong = { name: 'one', description: 'd'.repeat(5001) }
    const message = "'description' exceeds the maximum length of 5000 characters"
    expect(await bed.ask('PATCH', 'registered-models/update', tooLong)).toEqual(refused(400, message))
  })

  test('has tags of up to 100,000 characters, each replaced by the next of its key, and taken away without fuss', async () => {
    await newModel(bed, 'one')
    const set = (key: string, value?: string) =>
      bed.ask('POST', 'registered-models/set-tag', { name: 'one', key, value })
    await set('a', 'b')
    expect(await set('a', 'x'.repeat(100_000))).toMatchObject({ status: 200, body: {} })
    expect(await set('a', 'x'.repeat(100_001))).toEqual(
      refused(400, "'value' exceeds the maximum length of 100000 characters"),
    )
    expect(await set('k'.repeat(251), 'v')).toEqual(refused(400, "'key' exceeds the maximum length of 250 characters"))
    expect(await set('a//b', 'v')).toMatchObject({ status: 400 })
    expect(await set('empty')).toMatchObject({ status: 200 })
    const read = await granted(bed, 'GET', 'registered-models/get?name=one')
    expect(read.registered_model.tags).toEqual([
      { key: 'a', value: 'x'.repeat(100_000) },
      { key: 'empty', value: '' },
    ])
    for (const key of ['a', 'a', 'empty'])
      await granted(bed, 'DELETE', 'registered-models/delete-tag', { name: 'one', key })
    expect((await granted(bed, 'GET', 'registered-models/get?name=one')).registered_model).not.toHaveProperty('tags')
  })

  test('and a prompt cannot share a name', async () => {
    const tags = [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]
    await granted(bed, 'POST', 'registered-models/create', { name: 'prompt', tags })
    const model = await bed.ask('POST', 'registered-models/create', { name: 'prompt' })
    expect(model).toMatchObject({ status: 400, body: { error_code: 'RESOURCE_ALREADY_EXISTS' } })
    const prompt = await bed.ask('POST', 'registered-models/create', { name: 'prompt', tags })
    expect(prompt).toEqual(refused(400, 'Prompt (name=prompt) already exists.', 'RESOURCE_ALREADY_EXISTS'))
  })
})

describe('a version', () => {
  test('is made, found, described, and shows what it was made with', async () => {
    await newModel(bed, 'one')
    const fields = { run_id: 'r', run_link: 'http://link', description: 'd', tags: [{ key: 'a', value: 'b' }] }
    const version = {
      name: 'one',
      version: '1',
      creation_timestamp: NOON,
      last_updated_timestamp: NOON,
      current_stage: 'None',
      source: 's3://bucket/model',
      status: 'READY',
      ...fields,
    }
    expect(await newVersion(bed, 'one', fields)).toEqual(version)
    expect(await newVersion(bed, 'one')).toMatchObject({ version: '2', run_id: '', description: '', run_link: '' })
    const path = 'model-versions/get?name=one&version=1'
    expect((await granted(bed, 'GET', path)).model_version).toEqual(version)
    const update = (body: object) =>
      granted(bed, 'PATCH', 'model-versions/update', { name: 'one', version: '1', ...body })
    bed.clock.advance(3)
    expect((await update({ description: 'new' })).model_version).toMatchObject({
      description: 'new',
      last_updated_timestamp: NOON + 3,
    })
    expect((await update({})).model_version).not.toHaveProperty('description')
    expect((await granted(bed, 'GET', path)).model_version).not.toHaveProperty('description')
  })

  test('that is not there, and a number that is none, are told so', async () => {
    await newModel(bed, 'one')
    const ask = (version: string) => bed.ask('GET', `model-versions/get?name=one&version=${version}`)
    expect(await ask('9')).toEqual(notFound('Model Version (name=one, version=9) not found'))
    expect(await ask('x')).toEqual(refused(400, "Parameter 'version' must be an integer, got 'x'."))
    expect(await ask('1.0')).toEqual(refused(400, "Parameter 'version' must be an integer, got '1.0'."))
    for (const number of ['99999999999', '9'.repeat(100)]) {
      expect(await ask(number)).toEqual(notFound(`Model Version (name=one, version=${number}) not found`))
    }
    expect(await ask('9'.repeat(50_000))).toEqual(
      refused(400, `Parameter 'version' must be an integer, got '${'9'.repeat(100)}…'.`),
    )
    const version = { name: 'one', version: '9' }
    const missing = notFound('Model Version (name=one, version=9) not found')
    expect(await bed.ask('PATCH', 'model-versions/update', version)).toEqual(missing)
    expect(await bed.ask('DELETE', 'model-versions/delete', version)).toEqual(missing)
    expect(await bed.ask('POST', 'model-versions/set-tag', { ...version, key: 'k', value: 'v' })).toEqual(missing)
    expect(await bed.ask('DELETE', 'model-versions/delete-tag', { ...version, key: 'k' })).toEqual(missing)
    expect(await bed.ask('POST', 'model-versions/transition-stage', { ...version, stage: 'Staging' })).toEqual(missing)
    expect(await bed.ask('POST', 'registered-models/alias', { ...version, alias: 'a' })).toEqual(missing)
    expect(await bed.ask('GET', 'model-versions/get-download-uri?name=one&version=9')).toEqual(missing)
  })

  test.each([
    ['run_link', 501, 500],
    ['description', 5001, 5000],
    ['run_id', 33, 32],
  ])('with a %s of %i characters is refused, since the column holds %i', async (field, length, max) => {
    await newModel(bed, 'one')
    const body = { name: 'one', source: 's3://b/x', [field]: 'x'.repeat(length) }
    const message = `'${field}' exceeds the maximum length of ${max} characters`
    expect(await bed.ask('POST', 'model-versions/create', body)).toEqual(refused(400, message))
  })

  test('has tags of its own', async () => {
    await newModel(bed, 'one')
    await newVersion(bed, 'one')
    const version = { name: 'one', version: '1' }
    const set = (key: string, value: string) => bed.ask('POST', 'model-versions/set-tag', { ...version, key, value })
    await set('b', '1')
    await set('a', '2')
    await set('a', '3')
    expect(await set('a', 'x'.repeat(100_001))).toEqual(
      refused(400, "'value' exceeds the maximum length of 100000 characters"),
    )
    await granted(bed, 'DELETE', 'model-versions/delete-tag', { ...version, key: 'b' })
    await granted(bed, 'DELETE', 'model-versions/delete-tag', { ...version, key: 'b' })
    const read = await granted(bed, 'GET', 'model-versions/get?name=one&version=1')
    expect(read.model_version.tags).toEqual([{ key: 'a', value: '3' }])
  })

  test('deleted is gone for every question, with its aliases, and its number is not given again', async () => {
    await newModel(bed, 'one')
    await newVersion(bed, 'one')
    await newVersion(bed, 'one', { run_id: 'r', run_link: 'l' })
    await granted(bed, 'POST', 'registered-models/alias', { name: 'one', version: '2', alias: 'best' })
    expect(await granted(bed, 'DELETE', 'model-versions/delete', { name: 'one', version: '2' })).toEqual({})
    expect(await bed.ask('GET', 'model-versions/get?name=one&version=2')).toMatchObject({ status: 404 })
    expect(await bed.ask('DELETE', 'model-versions/delete', { name: 'one', version: '2' })).toMatchObject({
      status: 404,
    })
    const model = (await granted(bed, 'GET', 'registered-models/get?name=one')).registered_model
    expect(model).not.toHaveProperty('aliases')
    expect(model.latest_versions).toMatchObject([{ version: '1' }])
    const row = await bed.database.sql.selectFrom('model_versions').selectAll().where('version', '=', 2).execute()
    expect(row).toMatchObject([
      {
        current_stage: 'Deleted_Internal',
        source: 'REDACTED-SOURCE-PATH',
        run_id: 'REDACTED-RUN-ID',
        run_link: 'REDACTED-RUN-LINK',
        description: null,
      },
    ])
    expect((await newVersion(bed, 'one')).version).toBe('3')
  })

  test('made by twenty at once has twenty numbers', async () => {
    await newModel(bed, 'one')
    const made = await Promise.all(Array.from({ length: 20 }, () => newVersion(bed, 'one')))
    const numbers = made.map(({ version }) => Number(version)).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })
})

describe('the latest versions', () => {
  test('are the newest of each stage, or of the stages asked for, by POST and by GET', async () => {
    await newModel(bed, 'one')
    const ask = async (stages?: string[]) => {
      const posted = await granted(bed, 'POST', 'registered-models/get-latest-versions', { name: 'one', stages })
      const query = (stages ?? []).map((stage) => `&stages=${stage}`).join('')
      expect(await granted(bed, 'GET', `registered-models/get-latest-versions?name=one${query}`)).toEqual(posted)
      return posted.model_versions?.map(({ version, current_stage }) => `${version} ${current_stage}`)
    }
    expect(await ask()).toBeUndefined()
    for (let made = 0; made < 5; made++) await newVersion(bed, 'one')
    for (const version of ['1', '2']) await moveTo(bed, { name: 'one', version }, 'Production')
    await moveTo(bed, { name: 'one', version: '3' }, 'Staging')
    expect(await ask()).toEqual(['2 Production', '3 Staging', '5 None'])
    expect(await ask([])).toEqual(['2 Production', '3 Staging', '5 None'])
    expect(await ask(['none', 'PRODUCTION'])).toEqual(['2 Production', '5 None'])
    expect(await ask(['Archived'])).toBeUndefined()
    expect(await bed.ask('POST', 'registered-models/get-latest-versions', { name: 'one', stages: ['Prod'] })).toEqual(
      refused(400, 'Invalid Model Version stage: Prod. Value must be one of None, Staging, Production, Archived.'),
    )
  })
})

describe('an alias', () => {
  test('stands for one version until it is given to another or taken away', async () => {
    await newModel(bed, 'one')
    for (let made = 0; made < 2; made++) await newVersion(bed, 'one')
    const give = (version: string, alias = 'best') =>
      granted(bed, 'POST', 'registered-models/alias', { name: 'one', version, alias })
    const find = (alias: string) => bed.ask('GET', `registered-models/alias?name=one&alias=${alias}`)
    await give('1')
    await give('1', 'old')
    expect(await find('best')).toMatchObject({ body: { model_version: { version: '1', aliases: ['best', 'old'] } } })
    await give('2')
    expect(await find('best')).toMatchObject({ body: { model_version: { version: '2', aliases: ['best'] } } })
    const model = (await granted(bed, 'GET', 'registered-models/get?name=one')).registered_model
    expect(model.aliases).toEqual([
      { alias: 'best', version: '2' },
      { alias: 'old', version: '1' },
    ])
    for (let times = 0; times < 2; times++) {
      await granted(bed, 'DELETE', 'registered-models/alias', { name: 'one', alias: 'best' })
    }
    expect(await find('best')).toEqual(refused(400, 'Registered model alias best not found.'))
  })

  test('"latest" is the newest version of all', async () => {
    await newModel(bed, 'one')
    const find = () => bed.ask('GET', 'registered-models/alias?name=one&alias=Latest')
    expect(await find()).toEqual(notFound('Latest version not found for model one.'))
    for (let made = 0; made < 2; made++) await newVersion(bed, 'one')
    await moveTo(bed, { name: 'one', version: '1' }, 'Production')
    expect(await find()).toMatchObject({ body: { model_version: { version: '2' } } })
  })

  test.each([
    ['latest', "'latest' alias name (case insensitive) is reserved."],
    ['LATEST', "'latest' alias name (case insensitive) is reserved."],
    ['v1', "Version alias name 'v1' is reserved."],
    ['V22', "Version alias name 'V22' is reserved."],
    ['a b', "Invalid alias name: 'a b'. Names may only contain alphanumerics, underscores (_), and dashes (-)."],
    ['x'.repeat(256), "'Registered model alias name' exceeds the maximum length of 255 characters"],
    ['', `Missing value for required parameter 'alias'. ${docs}`],
  ])('cannot be called %j', async (alias, message) => {
    await newModel(bed, 'one')
    await newVersion(bed, 'one')
    const answer = await bed.ask('POST', 'registered-models/alias', { name: 'one', version: '1', alias })
    expect(answer).toEqual(refused(400, message))
  })
})
