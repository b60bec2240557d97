// The walls of the house as rules over source files. Each rule returns what breaks it, in words a person can act on.
import type { SourceFile } from './source-code.ts'

/** Bottom to top. A room imports rooms on lower floors only; two rooms on one floor never meet. */
export const FLOORS: readonly (readonly string[])[] = [
  ['kernel'],
  ['database', 'artifacts', 'warehouse', 'charts'],
  ['flow', 'tracking'],
  ['prefect', 'features', 'home', 'mlflow'],
  ['learning'],
  ['evaluation', 'notify'],
  ['lifecycle'],
  ['server', 'cli'],
  ['main'],
]

/** The room of a path in src: its folder; '' for a file that lies in none, null outside src. */
function roomOf(path: string): string | null {
  const [top, room, file] = path.split('/')
  if (top !== 'src') return null
  return file === undefined ? '' : room!
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room))
}

/** Tests, contracts, and the beds that they are laid in. */
function isTest(path: string): boolean {
  return /\.(test|contract)\.|-bed\.ts$/.test(path) || path.startsWith('tests/')
}

function arrow(from: string, to: string): string {
  return `${from.replace(/^src\//, '')} -> ${to.replace(/^src\//, '')}`
}

/** Every file of src lies in a room, and every room has a floor. */
export function unplaced(files: readonly SourceFile[], folders: readonly string[]): string[] {
  const rooms = new Set([...folders, ...files.flatMap(({ path }) => roomOf(path) ?? [])])
  rooms.delete('')
  return [
    ...files.filter(({ path }) => roomOf(path) === '').map(({ path }) => `${path} lies in no room`),
    ...[...rooms].filter((room) => floorOf(room) < 0).map((room) => `src/${room} has no floor`),
  ]
}

/** Files that a rule lets off, by path, each with its reason. */
type Excused = Readonly<Record<string, string>>

/** Imports go down, types included; src imports nothing outside src (a test may), and only main, and who is excused, computes what to import. */
export function goingUp(files: readonly SourceFile[], computing: Excused = {}): string[] {
  return files.flatMap(({ path, imports }) => {
    const room = roomOf(path)
    if (room === null) return []
    return imports.flatMap((needed) => {
      if (needed.kind === 'package') return []
      if (needed.kind === 'computed') {
        return room === 'main' || isTest(path) || path in computing
          ? []
          : [`${arrow(path, 'a computed import')} in line ${needed.line}; only main may`]
      }
      const target = roomOf(needed.path)
      if (target === null) return isTest(path) ? [] : [arrow(path, needed.path)]
      return target === room || floorOf(target) < floorOf(room) ? [] : [arrow(path, needed.path)]
    })
  })
}

/** No file needs itself in the end, types included (a worker may need whoever starts it by its address). One line per knot: the shortest way round from its first file. */
export function cycles(files: readonly SourceFile[]): string[] {
  const needs = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap((needed) => (needed.kind === 'file' && !needed.isAddress ? needed.path : [])),
    ]),
  )
  const told = new Set<string>()
  return [...needs.keys()].flatMap((start) => {
    if (told.has(start)) return []
    const way = wayBack(start, needs)
    if (way === null) return []
    for (const path of way) told.add(path)
    return [way.map((path) => path.replace(/^src\//, '')).join(' -> ')]
  })
}

/** The shortest way from a file back to itself, breadth first; null if there is none. */
function wayBack(start: string, needs: ReadonlyMap<string, readonly string[]>): string[] | null {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    for (const next of needs.get(path) ?? []) {
      if (next === start) {
        const way = [start]
        for (let at = path; at !== start; at = cameFrom.get(at)!) way.unshift(at)
        return [start, ...way]
      }
      if (cameFrom.has(next)) continue
      cameFrom.set(next, path)
      queue.push(next)
    }
  }
  return null
}

/** The adapters of each room, as its port's doc comment names them: `Adapters: `disk.ts`, `memory.ts`.` */
export function adaptersOf(files: readonly SourceFile[]): Map<string, string[]> {
  const adapters = new Map<string, string[]>()
  for (const { path, docs } of files) {
    const room = roomOf(path)
    if (room === null || !path.endsWith('/port.ts')) continue
    const sentences = docs.flatMap(({ text }) => /Adapters:([\s\S]*?)\.(?:\s|$)/.exec(text)?.[1] ?? [])
    adapters.set(
      room,
      sentences.flatMap((sentence) => [...sentence.matchAll(/`([a-z0-9-]+)\.ts`/g)].map((match) => match[1]!)),
    )
  }
  return adapters
}

/** An adapter (`disk.ts`, and what it is made of: `disk-….ts`, `disk/…`) is named outside its room by main and by tests only. */
export function namedAdapters(files: readonly SourceFile[], excused: Excused = {}): string[] {
  const adapters = adaptersOf(files)
  return files.flatMap(({ path, imports }) => {
    if (isTest(path) || roomOf(path) === 'main' || path in excused) return []
    return imports.flatMap((needed) => {
      if (needed.kind !== 'file') return []
      const room = roomOf(needed.path)
      if (room === null || room === roomOf(path)) return []
      const name = needed.path.slice(`src/${room}/`.length)
      const isAdapter = (adapters.get(room) ?? []).some((adapter) => new RegExp(`^${adapter}[./-]`).test(name))
      return isAdapter ? [`${arrow(path, needed.path)} is an adapter; only main names it`] : []
    })
  })
}

/** A project imports its own files, packages, the door of lifecycle and those of features. Its tests may import more. */
export function projectsPastTheDoor(files: readonly SourceFile[], projects: readonly string[]): string[] {
  return files.flatMap(({ path, imports }) => {
    const project = projects.find((folder) => path.startsWith(`${folder}/`))
    if (project === undefined || path.endsWith('.test.ts')) return []
    return imports.flatMap((needed) => {
      if (needed.kind === 'package') return []
      if (needed.kind === 'computed') return [`${arrow(path, 'a computed import')} in line ${needed.line}`]
      const isDoor = needed.path === 'src/lifecycle/project.ts' || /^src\/features\/[^/]+\.ts$/.test(needed.path)
      return isDoor || needed.path.startsWith(`${project}/`) ? [] : [arrow(path, needed.path)]
    })
  })
}

const TAXI_WORDS = [
  'taxi',
  'taxis',
  'cab',
  'cabs',
  'taxifare',
  'fare',
  'fares',
  'ride',
  'rides',
  'pickup',
  'pickups',
  'dropoff',
  'dropoffs',
  'passenger',
  'passengers',
  'nyc',
  'tlc',
] // prettier-ignore

/** No room knows a taxi: no identifier and no string of src says one of its words, except in tests and where it is excused. */
export function taxiWords(files: readonly SourceFile[], excused: Excused): string[] {
  const saying = files
    .filter(({ path }) => roomOf(path) !== null && !isTest(path))
    .flatMap(({ path, words }) =>
      TAXI_WORDS.filter((word) => words.has(word)).map((word) => ({ path, word, line: words.get(word) })),
    )
  const needed = new Set(saying.map(({ path }) => path))
  return [
    ...saying.filter(({ path }) => !(path in excused)).map(({ path, word, line }) => `${path}:${line} says "${word}"`),
    ...idle(excused, needed),
  ]
}

function idle(excused: Excused, needed: ReadonlySet<string>): string[] {
  return Object.keys(excused)
    .filter((name) => !needed.has(name))
    .map((name) => `${name} is excused and need not be`)
}

const MOST_LINES = { file: 300, function: 60 } as const

/** Files of more than 300 lines and functions of more than 60, unless excused by name (`path` or `path#function`), and excuses nothing needs. */
export function tooLong(files: readonly SourceFile[], excused: Excused): string[] {
  const long = files.flatMap(({ path, lines, functions }) => [
    ...(lines > MOST_LINES.file ? [{ name: path, lines }] : []),
    ...functions
      .filter((one) => one.lines > MOST_LINES.function)
      .map((one) => ({ name: `${path}#${one.name}`, lines: one.lines })),
  ])
  const needed = new Set(long.map(({ name }) => name))
  return [
    ...long.filter(({ name }) => !(name in excused)).map(({ name, lines }) => `${name} has ${lines} lines`),
    ...idle(excused, needed),
  ]
}
