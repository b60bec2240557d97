// What lies at the root: a page for browsers, and for everybody else the recipe's greeting.
import type { Context, Hono } from 'hono'
import { wantsPage } from './page.ts'
import { allowed, OPEN_TO_ALL } from './predict.ts'

/** Adds `GET /`. `page` is what a browser is shown, where there is one. */
export function mountGreeting(app: Hono, page?: (context: Context) => Response | Promise<Response>): void {
  app.get('/', (context) => {
    if (page !== undefined && wantsPage(context.req.header('accept'))) return page(context)
    return context.json({ greeting: 'Hello' }, 200, { ...OPEN_TO_ALL, vary: 'Accept' })
  })
  app.options('/', (context) => allowed(context, 'GET, HEAD'))
}
