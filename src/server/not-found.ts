// Paths that lead nowhere, and methods that a path does not have.
import type { Context, Hono } from 'hono'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** 404; 405 where the path is there for other methods, and 204 for OPTIONS, which asks for them. Pages, as MLflow's server has it. */
export function notFound(app: Hono, context: Context): Response {
  const allowed = METHODS.filter((method) => hasRoute(app, method, context.req.path))
  if (allowed.length === 0) return page(404, 'Not Found', 'Nothing is served at this address. /docs lists what is.')
  const allow = [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ')
  if (context.req.method === 'OPTIONS') return new Response(null, { status: 204, headers: { allow } })
  return page(405, 'Method Not Allowed', `This address takes ${allow}.`, { allow })
}

/** Whether a path is there for a method. What is there for every method only looks at requests on their way. */
function hasRoute(app: Hono, method: string, path: string): boolean {
  const [matched] = app.router.match(method, path)
  return matched.some(([[, route]]) => route.method === method)
}

function page(status: number, title: string, words: string, headers: Record<string, string> = {}): Response {
  const body = `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n<p>${words}</p>\n`
  return new Response(body, { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers } })
}
