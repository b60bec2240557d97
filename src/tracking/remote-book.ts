// The book of a model's moves: parameters of one run, each a page that is written once. Page n+1 is taken by exactly one of several who
// have read n pages, so every move is planned on what holds; and nobody can change a page, not in MLflow's own window either.

import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { canonicalJson, type Json } from '../kernel/json.ts'
import type { Stages } from './plan-moves.ts'
import type { Cause, Stage, Transition } from './port.ts'
import type { RemoteContext } from './remote-context.ts'
import { readRun } from './remote-create-run.ts'
import { type Ledger, writeOnce } from './remote-ledger.ts'
import { Nothing, textsOf } from './remote-wire.ts'

/** What fits into one parameter: MLflow's limit is 6000 characters, and what is longer it cuts without a word. */
const PARAM_LENGTH = 5000
const PARAMS_AT_ONCE = 100

/** One change of stage as it is about to be written down. */
export type Entry = Omit<Transition, 'id' | 'name' | 'atMs'> & {
  /** Whether others made it, and it is only told of. */
  readonly isNoticed: boolean
}

/** What one call wrote: all of it at once. */
export interface Page {
  readonly number: number
  readonly request: string | null
  /** Moves that the call itself makes. */
  readonly own: readonly Transition[]
  readonly transitions: readonly Transition[]
  /** Whether its moves were carried out. */
  readonly isDone: boolean
}

export interface Book {
  /** Null if nothing was ever written. */
  readonly runId: string | null
  readonly pages: readonly Page[]
  /** The stage that the book says each version is in. */
  readonly recorded: Stages
}

const StageText = z.enum(['None', 'Staging', 'Production', 'Archived'])
const PageShape = z.object({
  at: z.number(),
  request: z.string().nullable(),
  causes: z.array(z.object({ actor: z.string(), reason: z.string(), evidence: z.unknown() })),
  changes: z.array(
    z.object({ version: z.int(), from: StageText, to: StageText, cause: z.int(), noticed: z.boolean().default(false) }),
  ),
})
const Elsewhere = z.object({ text: z.string(), parts: z.int() })

/** Reads a book. Throws `BAD_DATA` for a page that cannot be read. */
export async function readBook(context: RemoteContext, ledger: Ledger, name: string): Promise<Book> {
  const runId = await ledger.bookOf(name, { make: false })
  if (runId === null) return { runId, pages: [], recorded: new Map() }
  const params = textsOf((await readRun(context, runId)).data.params)
  const pages: Page[] = []
  let written = 0
  for (let number = 1; params[pageKey(number)] !== undefined; number++) {
    const page = pageOf(name, params, number, written)
    pages.push(page)
    written += page.transitions.length
  }
  const recorded = pages.flatMap(({ transitions }) => transitions).map(({ version, to }) => [version, to] as const)
  return { runId, pages, recorded: new Map<number, Stage>(recorded) } // the last one of a version stays
}

/** Writes the next page after those in `book`. Null if somebody else has written it meanwhile. */
export async function writePage(
  context: RemoteContext,
  ledger: Ledger,
  book: Book,
  page: { name: string; request: string | null; atMs: number; entries: readonly Entry[] },
): Promise<{ runId: string; page: Page } | null> {
  const { name, request, atMs, entries } = page
  const runId = await ledger.bookOf(name, { make: true })
  if (runId === null) throw new Error('a book that is to be made is there')
  const number = book.pages.length + 1
  const written = book.pages.reduce((sum, { transitions }) => sum + transitions.length, 0)
  const text = ascii(textOf(entries, { request, atMs }))
  const laid = await lay(context, runId, text)
  if ((await writeOnce(context, runId, pageKey(number), laid)) !== laid) return null
  return { runId, page: pageOf(name, { [pageKey(number)]: text }, number, written) }
}

/** Says that a page's moves were carried out. */
export async function closePage(context: RemoteContext, runId: string, number: number): Promise<void> {
  await writeOnce(context, runId, doneKey(number), 'yes')
}

/** `move.000012`: the order of the alphabet is theirs. */
function pageKey(number: number): string {
  return `move.${String(number).padStart(6, '0')}`
}

function doneKey(number: number): string {
  return `done.${String(number).padStart(6, '0')}`
}

/** A page as JSON. What is drawn by lot keeps two of the same content apart. */
function textOf(entries: readonly Entry[], { request, atMs }: { request: string | null; atMs: number }): string {
  const causes: Cause[] = []
  const changes = entries.map(({ version, from, to, actor, reason, evidence, isNoticed }) => {
    const known = causes.findIndex((one) => canonicalJson({ ...one }) === canonicalJson({ actor, reason, evidence }))
    const cause = known === -1 ? causes.push({ actor, reason, evidence }) - 1 : known
    return { version, from, to, cause, ...(isNoticed ? { noticed: true } : {}) }
  })
  return JSON.stringify({ at: atMs, request, lot: newId(), changes, causes })
}

/** Where a text is too long for one parameter it lies in others, and the page says where. */
async function lay(context: RemoteContext, runId: string, text: string): Promise<string> {
  if (text.length <= PARAM_LENGTH) return text
  const id = newId()
  const parts = Math.ceil(text.length / PARAM_LENGTH)
  const params = Array.from({ length: parts }, (_, part) => {
    return { key: partKey(id, part), value: text.slice(part * PARAM_LENGTH, (part + 1) * PARAM_LENGTH) }
  })
  for (let from = 0; from < parts; from += PARAMS_AT_ONCE) {
    const some = params.slice(from, from + PARAMS_AT_ONCE)
    await context.rest.post('runs/log-batch', { run_id: runId, params: some }, Nothing)
  }
  return JSON.stringify({ text: id, parts })
}

function partKey(id: string, part: number): string {
  return `text.${id}.${String(part).padStart(4, '0')}`
}

function pageOf(name: string, params: Readonly<Record<string, string>>, number: number, written: number): Page {
  const { at: atMs, request, causes, changes } = PageShape.parse(jsonOf(name, params, number))
  const read = changes.map(({ version, from, to, cause, noticed }, index) => {
    const { actor = '', reason = '', evidence = null } = causes[cause] ?? {}
    const transition: Transition = {
      ...{ id: written + index + 1, name, version, from, to, actor, reason, atMs },
      evidence: evidence as Json, // it came out of JSON.parse
    }
    return { transition, noticed }
  })
  const own = read.filter(({ noticed }) => !noticed).map(({ transition }) => transition)
  const transitions = read.map(({ transition }) => transition)
  return { number, request, own, transitions, isDone: own.length === 0 || params[doneKey(number)] !== undefined }
}

function jsonOf(name: string, params: Readonly<Record<string, string>>, number: number): unknown {
  try {
    const page: unknown = JSON.parse(params[pageKey(number)] ?? '')
    const elsewhere = Elsewhere.safeParse(page)
    if (!elsewhere.success) return PageShape.parse(page)
    const { text, parts } = elsewhere.data
    const whole = Array.from({ length: parts }, (_, part) => params[partKey(text, part)] ?? '').join('')
    return PageShape.parse(JSON.parse(whole))
  } catch (error) {
    throw new PlannedError('BAD_DATA', `the history of ${name} on the MLflow server cannot be read`, {
      why: `the parameter ${pageKey(number)} of its run is not what Understudy writes`,
      next: 'restore the database of that server, or give the model another name',
      facts: { name },
      cause: error,
    })
  }
}

/** JSON in ASCII: every database keeps it as it is, and it can be cut anywhere. */
function ascii(json: string): string {
  return json.replaceAll(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
