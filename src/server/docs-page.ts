// A page for people that lists the server's operations: no script, nothing from elsewhere.
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { ApiRoute } from './api-route.ts'

type Html = ReturnType<typeof html>

const STYLE = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin:2rem 0 .3rem;font-size:1.1rem}details{border-top:1px solid #8884;padding:.2rem 0}summary{cursor:pointer}
code{font:13px ui-monospace,monospace}b{display:inline-block;min-width:4.2rem;font:600 12px ui-monospace,monospace}
table{border-collapse:collapse;margin:.3rem 0 .6rem 1.2rem}td{padding:.1rem .8rem .1rem 0;vertical-align:top}small{opacity:.7}`

const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`

export const DOCS_HEADERS = { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': POLICY } as const

/** The page. */
export function docsPage(routes: readonly ApiRoute[]): Html {
  const tags = [...new Set(routes.map(({ tag }) => tag))]
  return html`<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Understudy: interface</title><style>${raw(STYLE)}</style></head><body>
<h1>Interface</h1><p>${routes.length} operations; the same as a document for programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1). What lies below <code>/api</code> is also there below <code>/ajax-api</code>.</p>
${tags.map((tag) => html`<h2>${tag}</h2>${routes.filter((route) => route.tag === tag).map(operation)}`)}
</body></html>`
}

function operation({ method, path, summary, parameters = [], body }: ApiRoute): Html {
  const fields = parameters.map(({ name, in: place, required, schema }) => field(name, place, required, schema))
  const bodies = Object.entries(body?.content ?? {}).flatMap(([type, { schema }]) => bodyFields(type, schema))
  const rows = [...fields, ...bodies]
  const nothing = html`<p><small>takes nothing</small></p>`
  return html`<details><summary><b>${method}</b><code>${path}</code> <small>${summary}</small></summary>${
    rows.length === 0 ? nothing : html`<table>${rows}</table>`
  }</details>
`
}

function bodyFields(type: string, schema: Readonly<Record<string, unknown>>): Html[] {
  const { properties, required } = schema
  if (typeof properties !== 'object' || properties === null) return [field('(body)', type, true, schema)]
  const needed = Array.isArray(required) ? required : []
  return Object.entries(properties).map(([name, one]) => field(name, 'body', needed.includes(name), one))
}

function field(name: string, place: string, required: boolean, schema: unknown): Html {
  const type = typeof schema === 'object' && schema !== null && 'type' in schema ? String(schema.type) : ''
  return html`<tr><td><code>${name}</code></td><td><small>${place}</small></td><td><small>${type}${required ? ', required' : ''}</small></td></tr>`
}
