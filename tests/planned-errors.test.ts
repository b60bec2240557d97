// Every planned failure says what to do: each `new PlannedError` in src and in the projects carries a `next`.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'
import { ROOT, readSources } from './source-code.ts'

/** Where none is, `path: the beginning of what it says`, each with its reason. */
const WITHOUT: Readonly<Record<string, string>> = {
  'src/database/sqlite-connection.ts: there is no database': 'one of a list of faults, whose reader is told what to do',
}

interface Site {
  readonly path: string
  readonly line: number
  /** The source of what it says. */
  readonly what: string
  readonly hasNext: boolean
}

type Node = { readonly type: string; readonly start: number; readonly end: number; readonly [key: string]: unknown }

/** Every `new PlannedError(…)` of a file. Options that are built elsewhere count where a `next` stands in what builds them. */
function sitesOf(path: string, text: string): Site[] {
  const sites: Site[] = []
  const constants = new Map<string, Node>()
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) visit(one)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return
    const node = value as Node // oxc's nodes are its only objects; a literal's value has no type and no children that are nodes
    if (node.type === 'VariableDeclarator') {
      const { id, init } = node as unknown as { id: { name?: string }; init: Node | null } // a declarator has both
      if (id.name !== undefined && init !== null) constants.set(id.name, init)
    }
    if (node.type === 'NewExpression' && (node.callee as { name?: string }).name === 'PlannedError') {
      const [, what, options] = node.arguments as Node[] // a NewExpression has a list of them
      const line = text.slice(0, node.start).split('\n').length
      const said = what === undefined ? '' : text.slice(what.start, what.end).replace(/^[`'"]/, '')
      sites.push({ path, line, what: said, hasNext: options !== undefined && hasNext(options, constants) })
    }
    for (const child of Object.values(node)) visit(child)
  }
  visit(parseSync(path, text, { preserveParens: false }).program)
  return sites
}

function hasNext(options: Node, constants: ReadonlyMap<string, Node>): boolean {
  if (options.type === 'Identifier') {
    const built = constants.get(String(options.name))
    return built !== undefined && built.type === 'ObjectExpression' && hasNext(built, constants)
  }
  if (options.type !== 'ObjectExpression') return false
  const properties = options.properties as readonly { key?: { name?: string }; argument?: Node }[] // its members and spreads
  return properties.some(({ key, argument }) => {
    if (key !== undefined) return key.name === 'next'
    const branch = argument?.type === 'ConditionalExpression' ? (argument.alternate as Node) : argument // `why` is spread so too
    return branch !== undefined && hasNext(branch, constants)
  })
}

const files = readSources(['src', 'taxifare']).filter(
  ({ path }) => !/\.(test|contract|fixture)\.|contract\./.test(path),
)
const sites = files.flatMap(({ path }) => sitesOf(path, readFileSync(join(ROOT, path), 'utf8')))
const excused = (site: Site): boolean =>
  Object.keys(WITHOUT).some((key) => `${site.path}: ${site.what}`.startsWith(key))

test('every planned failure says what to do', () => {
  expect(sites.length).toBeGreaterThan(100)
  const missing = sites.filter((site) => !site.hasNext && !excused(site))
  expect(missing.map(({ path, line, what }) => `${path}:${line} ${what}`)).toEqual([])
})

test('what is excused is there, and needs it', () => {
  const needless = Object.keys(WITHOUT).filter(
    (key) => !sites.some(({ path, what, hasNext }) => !hasNext && `${path}: ${what}`.startsWith(key)),
  )
  expect(needless).toEqual([])
})

test('the reader of the source sees a next in its place, in a constant and in a spread, and none where there is none', () => {
  const seen = (code: string): boolean[] => sitesOf('x.ts', code).map((site) => site.hasNext)
  expect(seen("throw new PlannedError('A', 'b', { next: 'c' })")).toEqual([true])
  expect(seen("const next = 'c'; throw new PlannedError('A', 'b', { why, next })")).toEqual([true])
  expect(seen("const o = { next: 'c' }; throw new PlannedError('A', 'b', o)")).toEqual([true])
  expect(seen("throw new PlannedError('A', 'b', { ...(n === null ? {} : { next: n }) })")).toEqual([true])
  expect(seen("throw new PlannedError('A', 'b')")).toEqual([false])
  expect(seen("throw new PlannedError('A', 'b', { why: 'next: c', facts: { next: 1 } })")).toEqual([false])
  expect(seen("const o = { why: 'c' }; throw new PlannedError('A', 'b', o)")).toEqual([false])
})
