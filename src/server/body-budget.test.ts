import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { deliveries } from '../../tests/deliveries/project.ts'
import { Crowded, holdBody, openBodyBudget } from './body-budget.ts'
import { mountPredict } from './predict.ts'
import { openSocketBed, type SocketBed } from './socket-bed.ts'

const MEBIBYTE = 1024 * 1024

describe('bodies under way', () => {
  test('may hold so much together, and what one held is free when it has ended', () => {
    const budget = openBodyBudget(() => undefined, MEBIBYTE)
    const [first, second] = [budget.hold(), budget.hold()]
    first.add(0.7 * MEBIBYTE)
    expect(() => second.add(0.7 * MEBIBYTE)).toThrow(Crowded)
    second[Symbol.dispose]()
    first[Symbol.dispose]()
    first[Symbol.dispose]() // once more changes nothing
    const third = budget.hold()
    third.add(MEBIBYTE)
    expect(() => budget.hold().add(0.7 * MEBIBYTE)).toThrow(Crowded)
  })

  test('are taken while they are small, however much others hold', () => {
    const budget = openBodyBudget(() => undefined, MEBIBYTE)
    budget.hold().add(MEBIBYTE)
    for (let i = 0; i < 100; i++) budget.hold().add(50_000)
  })

  test('count their pieces too, as each costs more than a byte', () => {
    const budget = openBodyBudget(() => undefined, MEBIBYTE)
    const body = budget.hold()
    const addMany = (): void => {
      for (let i = 0; i < 10_000; i++) body.add(1)
    }
    expect(addMany).toThrow(Crowded)
  })

  test('are collected once the last has ended, if they held much', () => {
    let collections = 0
    const budget = openBodyBudget(() => collections++)
    const [large, small] = [budget.hold(), budget.hold()]
    small.add(MEBIBYTE)
    large.add(20 * MEBIBYTE)
    large[Symbol.dispose]()
    expect(collections).toBe(0)
    small[Symbol.dispose]()
    expect(collections).toBe(1)
    using other = budget.hold()
    other.add(MEBIBYTE)
    other[Symbol.dispose]()
    expect(collections).toBe(1)
  })
})

describe('a server whose bodies hold all they may', () => {
  let socket: SocketBed
  beforeAll(async () => {
    socket = await openSocketBed()
  })
  afterAll(() => socket[Symbol.asyncDispose]())

  const large = 'a'.repeat(MEBIBYTE)
  const create = (name: string) =>
    socket.send(
      'POST /api/2.0/mlflow/registered-models/create',
      { 'Content-Type': 'application/json' },
      JSON.stringify({ name, description: name === 'small' ? '' : large }),
    )
  const upload = () => socket.send('POST /ajax-api/2.0/mlflow/upload-artifact?run_uuid=x&path=y', {}, large)
  const crowded = { status: 503, body: expect.stringContaining('too many large requests') }

  test('says when to come again, answers small requests, and is well again when they have ended', async () => {
    const others = holdBody()
    others.add(256 * MEBIBYTE - 1000)
    for (const send of [() => create('large'), upload]) {
      const answer = await send()
      expect(answer).toMatchObject(crowded)
      expect(answer.headers.get('retry-after')).toBe('1')
    }
    expect((await create('small')).status).toBe(200)
    expect(socket.bed.reported).toEqual([]) // no fault of the server's
    others[Symbol.dispose]()
    for (let i = 0; i < 3; i++) expect((await create('large')).status).not.toBe(503)
    expect(await upload()).toMatchObject({ status: 404 })
  })

  test('refuses tables of requests too', async () => {
    const app = new Hono()
    const serving = {
      ...{ project: deliveries(), model: 'm', times: { reading: 'utc', unzoned: 'local' } as const },
      predict: () => Promise.reject(new Error('no body is a table')),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }
    const readParquet = () => Promise.resolve({ rows: 0, columns: {} })
    mountPredict(app, { serving, readParquet }, (error) => expect(error).toBeUndefined())
    const post = () =>
      app.request('/predict', { method: 'POST', headers: { 'content-type': 'application/json' }, body: large })
    {
      using others = holdBody()
      others.add(256 * MEBIBYTE - 1000)
      const answer = await post()
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await answer.json()).toEqual({ detail: crowded.body })
    }
    for (let i = 0; i < 3; i++) expect((await post()).status).toBe(422)
  })

  test('lets go of what came of a body that breaks off', async () => {
    using others = holdBody()
    others.add(255 * MEBIBYTE)
    for (let i = 0; i < 4; i++) {
      const wire = await socket.open()
      wire.write(
        'POST /api/2.0/mlflow/runs/log-batch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n',
      )
      await new Promise((resolve) => wire.write('x'.repeat(900_000), resolve))
      await expect.poll(() => room()).toBe(false)
      wire.destroy()
      await expect.poll(() => room()).toBe(true)
    }
  })

  /** Whether a body of 600 kB finds room. */
  function room(): boolean {
    using body = holdBody()
    try {
      body.add(600_000)
      return true
    } catch {
      return false
    }
  }
})
