// The project's own source, read by a parser: what each file imports, which functions it has, which words it says.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseSync } from 'oxc-parser'

/** The project's folder. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))

export interface SourceFile {
  /** From the project's folder, with `/`. */
  readonly path: string
  readonly lines: number
  readonly imports: readonly Import[]
  readonly functions: readonly { readonly name: string; readonly line: number; readonly lines: number }[]
  /** Words of identifiers and strings, in lower case, split at capitals, digits and everything that is no letter. */
  readonly words: ReadonlyMap<string, number>
  /** Block comments that begin with two stars, without the stars. */
  readonly docs: readonly { readonly text: string; readonly line: number }[]
}

/** Anything that makes one file need another: static, type-only, re-exported, dynamic, in a type, or by address: `new URL('./x.ts', import.meta.url)`. */
export type Import =
  | { readonly kind: 'file'; readonly path: string; readonly line: number; readonly isAddress: boolean }
  | { readonly kind: 'package'; readonly name: string; readonly line: number }
  /** A dynamic import whose target is computed. */
  | { readonly kind: 'computed'; readonly line: number }

type Node = { readonly type: string; readonly start: number; readonly end: number; readonly [key: string]: unknown }

/** Every TypeScript file below these folders of the project, by path; none for a folder that does not exist. */
export function readSources(folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    typeScriptFiles(folder).map((path) => readSource(path, readFileSync(join(ROOT, path), 'utf8'))),
  )
}

function typeScriptFiles(folder: string): string[] {
  const entries = entriesOf(folder)
  return entries
    .flatMap((entry) => {
      const path = `${folder}/${entry.name}`
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : typeScriptFiles(path)
      return entry.name.endsWith('.ts') ? [path] : []
    })
    .sort()
}

/** The folders directly in a folder of the project, by name; none if it does not exist. */
export function foldersOf(folder: string): string[] {
  const entries = entriesOf(folder)
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

function entriesOf(folder: string) {
  try {
    return readdirSync(join(ROOT, folder), { withFileTypes: true })
  } catch {
    return []
  }
}

/** Reads one file. Throws if it does not parse. */
export function readSource(path: string, text: string): SourceFile {
  const { program, comments, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`)
  const lineAt = lineFinder(text)
  const imports: Import[] = []
  const functions: { name: string; line: number; lines: number }[] = []
  const words = new Map<string, number>()
  walk(program as unknown as Node, '', (node, name) => {
    // oxc's nodes all carry type, start and end
    const line = lineAt(node.start)
    const needed = importOf(node, path, line)
    if (needed !== null) imports.push(needed)
    if (FUNCTIONS.has(node.type) && !(isSuiteFile(path) && isSuite(node))) {
      functions.push({ name: name || `the function in line ${line}`, line, lines: lineAt(node.end) - line + 1 })
    }
    for (const word of wordsOf(node)) if (!words.has(word)) words.set(word, line)
  })
  const docs = comments
    .filter((comment) => comment.type === 'Block' && comment.value.startsWith('*'))
    .map((comment) => ({ text: comment.value.replaceAll(/^\s*\*+ ?/gm, ''), line: lineAt(comment.start) }))
  return { path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0), imports, functions, words, docs }
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression'])

function lineFinder(text: string): (offset: number) => number {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}

/** Visits every node, with the name that the nearest declaration, property or method around it gives it. */
function walk(node: Node, name: string, visit: (node: Node, name: string) => void): void {
  const own = nameIn(node.id) || nameIn(node.key)
  visit(node, own || name)
  for (const [key, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, FUNCTIONS.has(node.type) || key === 'arguments' ? '' : own || name, visit)
    }
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string' // a peek
}

function nameIn(value: unknown): string {
  return isNode(value) && typeof value.name === 'string' ? value.name : ''
}

function importOf(node: Node, from: string, line: number): Import | null {
  if (node.type === 'NewExpression' && nameIn(node.callee) === 'URL') {
    const [target, base] = node.arguments as readonly unknown[] // a NewExpression has a list of them
    const isModule =
      isNode(base) && base.type === 'MemberExpression' && isNode(base.object) && base.object.type === 'MetaProperty'
    const path = stringIn(target)
    return isModule && path?.endsWith('.ts') === true ? importFrom(path, from, line, true) : null
  }
  if (!IMPORTS.has(node.type) || !isNode(node.source)) return null
  const target = stringIn(node.source)
  return target === null ? { kind: 'computed', line } : importFrom(target, from, line, false)
}

const IMPORTS = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
])

function importFrom(target: string, from: string, line: number, isAddress: boolean): Import {
  if (!target.startsWith('.')) return { kind: 'package', name: target, line }
  return { kind: 'file', path: posix.join(posix.dirname(from), target), line, isAddress }
}

function stringIn(value: unknown): string | null {
  return isNode(value) && value.type === 'Literal' && typeof value.value === 'string' ? value.value : null
}

/** A file whose functions may be long where they are lists of tests. */
function isSuiteFile(path: string): boolean {
  return /\.(test|contract)\./.test(path)
}

/** Whether a function holds tests, rather than being one. */
function isSuite(node: Node): boolean {
  let found = false
  walk(node, '', (inner) => {
    if (inner.type === 'CallExpression' && SUITES.has(rootName(inner.callee))) found = true
  })
  return found
}

const SUITES = new Set(['describe', 'test', 'law'])

function rootName(callee: unknown): string {
  if (!isNode(callee)) return ''
  if (callee.type === 'CallExpression') return rootName(callee.callee)
  return callee.type === 'MemberExpression' ? rootName(callee.object) : nameIn(callee)
}

function wordsOf(node: Node): string[] {
  if (node.type === 'TemplateElement') {
    const { cooked } = node.value as { cooked: string | null } // a template's text
    return split(cooked ?? '')
  }
  return split(stringIn(node) ?? (node.type.endsWith('Identifier') ? nameIn({ ...node }) : ''))
}

function split(text: string): string[] {
  const words = text.replaceAll(/([a-z])([A-Z])/g, '$1 $2').match(/[A-Za-z]+/g) ?? []
  return words.map((word) => word.toLowerCase())
}
