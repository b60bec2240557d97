import { expect, test } from 'vitest'
import { z } from 'zod'
import { diskArtifacts } from '../artifacts/disk.ts'
import { MLFLOW_ROUTES } from './mlflow-routes.ts'
import { openServerBed } from './server-bed.ts'

const Operation = z.object({
  operationId: z.string(),
  parameters: z
    .array(z.object({ name: z.string(), in: z.string(), required: z.boolean(), schema: z.looseObject({}) }))
    .optional(),
  requestBody: z
    .object({
      required: z.boolean(),
      content: z.record(z.string(), z.object({ schema: z.looseObject({ required: z.array(z.string()).optional() }) })),
    })
    .optional(),
})
const Document = z.object({ openapi: z.literal('3.1.0'), paths: z.record(z.string(), z.record(z.string(), Operation)) })

test('the document describes every operation of MLflow that is served, once, with what it needs', async () => {
  await using bed = await openServerBed({ artifactsIn: diskArtifacts })
  const response = await bed.app.request('/openapi.json')
  expect(response.headers.get('content-type')).toBe('application/json')
  const { paths } = Document.parse(await response.json())
  for (const { method, path, version = '2.0', onlyAjax = false } of MLFLOW_ROUTES) {
    const place = `/${onlyAjax ? 'ajax-api' : 'api'}/${version}/mlflow/${path}`
    expect([place, Object.keys(paths[place] ?? {})]).toEqual([place, expect.arrayContaining([method.toLowerCase()])])
  }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => ({ path, method, one })),
  )
  expect(new Set(operations.map(({ one }) => one.operationId)).size).toBe(operations.length)
  for (const { path, one } of operations) {
    const inPath = (one.parameters ?? []).filter(({ in: place }) => place === 'path').map(({ name }) => `{${name}}`)
    expect(path.match(/\{\w+\}/g) ?? []).toEqual(inPath)
  }
  const create = paths['/api/2.0/mlflow/runs/log-metric']?.post?.requestBody?.content['application/json']?.schema
  expect(create?.required).toEqual(expect.arrayContaining(['key', 'value', 'timestamp']))
  expect(create).toMatchObject({
    properties: { value: { type: 'number' }, timestamp: { type: 'integer', format: 'int64' } },
  })
})

test('each operation leads to a route, and none of them is described that is not there', async () => {
  await using bed = await openServerBed({ artifactsIn: diskArtifacts })
  const { paths } = Document.parse(await (await bed.app.request('/openapi.json')).json())
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of Object.keys(methods)) {
      const init = { method: method.toUpperCase() }
      const { status, headers } = await bed.app.request(path.replace(/\{\w+\}/g, 'x'), init)
      const isPage = (headers.get('content-type') ?? '').startsWith('text/html')
      expect([method, path, status === 405 || (status === 404 && isPage)]).toEqual([method, path, false])
    }
  }
})

test('a page for people lists them, small and without anything from elsewhere', async () => {
  await using bed = await openServerBed({ artifactsIn: diskArtifacts })
  const response = await bed.app.request('/docs')
  const text = await response.text()
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'")
  expect(text).toContain('/api/2.0/mlflow/runs/log-batch')
  expect(text).not.toMatch(/<script|https?:\/\/(?!$)|src=/)
  expect(text.length).toBeLessThan(60_000)
})
