// What stands around an artifact's bytes: its type, its name, and which of them were asked for.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { diskArtifacts } from '../artifacts/disk.ts'
import { type ArtifactsBed, openArtifactsBed } from './artifacts-bed.ts'

let server: ArtifactsBed

beforeAll(async () => {
  server = await openArtifactsBed({ artifactsIn: diskArtifacts })
})
afterAll(() => server[Symbol.asyncDispose]())

const put = (path: string, body: string) => fetch(`${server.artifacts}/${path}`, { method: 'PUT', body })

test.each([
  ['MLmodel', 'text/plain', 'attachment; filename=MLmodel'],
  ['model.yaml', 'text/plain', 'attachment; filename=model.yaml'],
  ['data.json', 'text/plain', 'attachment; filename=data.json'],
  ['script.js', 'text/plain', 'attachment; filename=script.js'],
  ['table.csv', 'text/plain', 'attachment; filename=table.csv'],
  ['page.html', 'text/html', 'attachment; filename=page.html'],
  ['PLOT.PNG', 'image/png', 'attachment; filename=PLOT.PNG'],
  ['drawing.svg', 'image/svg+xml', 'attachment; filename=drawing.svg'],
  ['model.onnx', 'application/octet-stream', 'attachment; filename=model.onnx'],
  ['no-extension', 'application/octet-stream', 'attachment; filename=no-extension'],
  ['.json', 'application/octet-stream', 'attachment; filename=.json'],
  ['a "b".txt', 'text/plain', 'attachment; filename="a \\"b\\".txt"'],
  ['né.txt', 'text/plain', "attachment; filename=ne.txt; filename*=UTF-8''n%C3%A9.txt"],
  ['日本', 'application/octet-stream', "attachment; filename=download; filename*=UTF-8''%E6%97%A5%E6%9C%AC"],
  ["it's (1)*.txt", 'text/plain', `attachment; filename="it's (1)*.txt"`],
  ["é's (1)*.txt", 'text/plain', `attachment; filename="e's (1)*.txt"; filename*=UTF-8''%C3%A9%27s%20%281%29%2A.txt`],
])('%s is sent as %s, to be saved under its name', async (name, type, disposition) => {
  await put(`types/${encodeURIComponent(name)}`, 'x')
  const { headers } = await fetch(`${server.artifacts}/types/${encodeURIComponent(name)}`)
  expect(headers.get('content-type')).toBe(type)
  expect(headers.get('content-disposition')).toBe(disposition)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})

test('a line break in a name does not end the header', async () => {
  const { text } = await server.raw('PUT', '/api/2.0/mlflow-artifacts/artifacts/h/a%0d%0aX-Evil:%201', 'x')
  expect(text).toContain('200 OK')
  const got = await server.raw('GET', '/api/2.0/mlflow-artifacts/artifacts/h/a%0d%0aX-Evil:%201')
  expect(got.text).toContain('200 OK')
  expect(got.text).not.toMatch(/^X-Evil/m)
})

test('HEAD tells the size, and Range and If-… what is asked of the bytes', async () => {
  await put('r/ten', '0123456789')
  const ask = async (headers: Record<string, string>, method = 'GET') => {
    const answer = await fetch(`${server.artifacts}/r/ten`, { method, headers })
    return [
      answer.status,
      answer.headers.get('content-range'),
      answer.headers.get('content-length'),
      await answer.text(),
    ]
  }
  const whole = [200, null, '10', '0123456789']
  expect(await ask({}, 'HEAD')).toEqual([200, null, '10', ''])
  expect(await ask({})).toEqual(whole)
  expect(await ask({ range: 'bytes=2-4' })).toEqual([206, 'bytes 2-4/10', '3', '234'])
  expect(await ask({ range: 'bytes=7-' })).toEqual([206, 'bytes 7-9/10', '3', '789'])
  expect(await ask({ range: 'bytes=-2' })).toEqual([206, 'bytes 8-9/10', '2', '89'])
  expect(await ask({ range: 'bytes=-20' })).toEqual([206, 'bytes 0-9/10', '10', '0123456789'])
  expect(await ask({ range: 'bytes=8-99' })).toEqual([206, 'bytes 8-9/10', '2', '89'])
  expect(await ask({ range: 'bytes=10-' })).toEqual([416, 'bytes */10', '0', ''])
  expect(await ask({ range: 'bytes=-0' })).toEqual([416, 'bytes */10', '0', ''])
  for (const range of ['bytes=4-2', 'bytes=0-1,3-4', 'bytes=-', 'lines=1-2', 'bytes=a-b']) {
    expect(await ask({ range }), range).toEqual(whole)
  }
  const { headers } = await fetch(`${server.artifacts}/r/ten`, { method: 'HEAD' })
  const etag = headers.get('etag') ?? ''
  const part = { range: 'bytes=2-4' }
  expect((await ask({ ...part, 'if-range': etag }))[0]).toBe(206)
  expect((await ask({ ...part, 'if-range': headers.get('last-modified') ?? '' }))[0]).toBe(206)
  expect(await ask({ ...part, 'if-range': '"another"' })).toEqual(whole)
  expect((await ask({ 'if-none-match': `"another", ${etag}` }))[0]).toBe(304)
  await put('r/ten', 'abcdefghij')
  expect(await ask({ ...part, 'if-range': etag })).toEqual([200, null, '10', 'abcdefghij'])
  expect((await ask({ 'if-none-match': etag }))[0]).toBe(200)
  await put('r/ten', '')
  expect(await ask({})).toEqual([200, null, '0', ''])
})
