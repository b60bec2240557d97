// The interface's description, for programs at /openapi.json and for people at /docs.
import type { Hono } from 'hono'
import type { ApiRoute } from './api-route.ts'
import type { MlflowRoute } from './mlflow-route.ts'

interface Described {
  readonly mlflow: readonly MlflowRoute[]
  readonly others: readonly ApiRoute[]
  /** This program's. */
  readonly version: string
}

/** Both are made when they are first asked for: most servers are never asked. */
export function mountDescription(app: Hono, { mlflow, others, version }: Described): void {
  let made: Promise<{ document: string; page: string; headers: Record<string, string> }> | null = null
  const make = async () => {
    const [{ mlflowApi, openApiDocument }, { DOCS_HEADERS, docsPage }] = await Promise.all([
      import('./openapi.ts'),
      import('./docs-page.ts'),
    ])
    const routes = [...others, ...mlflowApi(mlflow)]
    const page = String(await docsPage(routes))
    return { document: JSON.stringify(openApiDocument(routes, version)), page, headers: DOCS_HEADERS }
  }
  const described = () => {
    made ??= make()
    return made
  }
  app.get('/openapi.json', async () => {
    const { document } = await described()
    return new Response(document, { headers: { 'content-type': 'application/json' } })
  })
  app.get('/docs', async () => {
    const { page, headers } = await described()
    return new Response(page, { headers })
  })
}
