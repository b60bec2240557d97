// The wall is a test: the real source against the rules of the house, and the rules against sources that break them.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  adaptersOf,
  cycles,
  FLOORS,
  goingUp,
  namedAdapters,
  projectsPastTheDoor,
  taxiWords,
  tooLong,
  unplaced,
} from './floors.ts'
import { foldersOf, ROOT, readSource, readSources, type SourceFile } from './source-code.ts'

/** Files and functions that are longer than the rule, `path` or `path#function`, each with its reason. */
const LONGER: Readonly<Record<string, string>> = {
  'src/features/onnx-graph.ts#openGraph':
    'a closure over one graph: its few methods share the nodes, and each is short',
}

/** Files of src that may say a word of the reference project, each with its reason. */
const KNOWS_A_TAXI: Readonly<Record<string, string>> = {
  'src/main/settings-list.ts': 'names the project kept by default, and PICKUP_TIMES, the setting that the recipe made',
  'src/main/settings-recipe.ts': "the recipe's own defaults: its data set and its machine are named after it",
  'src/warehouse/contract-rows.ts': 'only the contract uses it: the rows it writes',
}

/** Files outside main that name an adapter, each with its reason. */
const NAMES_AN_ADAPTER: Readonly<Record<string, string>> = {
  'benchmarks/preprocess.ts': 'measures that adapter',
  'src/flow/journal.ts': 'part of the embedded engine, which is the one on SQLite: whoever chose it chose that',
  'src/home/collect.ts':
    'keeps copies of the embedded home, which is SQLite files: elsewhere the database keeps its own',
  'src/home/integrity.ts': 'looks into the embedded home, which is SQLite files and a folder',
  'src/home/addresses.ts': 'reads the addresses of artifacts that lie in a folder',
  'src/home/verify.ts': 'reads back a copy of the embedded home, which is SQLite files and a folder',
  'src/tracking/open-store.ts': 'part of embedded tracking, which is the one on SQLite: whoever chose it chose that',
}

/** Files of src, outside main, that import what they are told to, each with its reason. */
const COMPUTES_IMPORTS: Readonly<Record<string, string>> = {
  'src/flow/worker-thread.ts': 'runs the module that a task names, in a thread of its own',
  'src/main/build-kernels.ts': 'loads the compiler by a name that the type checker does not follow into its types',
}

const src = readSources(['src'])
const folders = [
  ...foldersOf('.'),
  ...['tests', 'templates'].flatMap((top) => foldersOf(top).map((name) => `${top}/${name}`)),
]
const projects = folders.filter((folder) => existsSync(join(ROOT, folder, 'project.ts')))
const beside = projects.filter((folder) => !folder.includes('/'))
const everything = [...src, ...readSources([...beside, 'templates', 'tests', 'benchmarks'])]

describe('the house', () => {
  test('every folder in src is a room with a floor', () => {
    expect(unplaced(src, foldersOf('src'))).toEqual([])
  })

  test('imports only go down', () => {
    expect(goingUp(src, COMPUTES_IMPORTS)).toEqual([])
  })

  test('there are no cycles, types included', () => {
    expect(cycles(everything)).toEqual([])
  })

  test('only main names an adapter', () => {
    expect(namedAdapters(everything, NAMES_AN_ADAPTER)).toEqual([])
  })

  test('every port names its adapters, and they exist', () => {
    const paths = new Set(src.map(({ path }) => path))
    const missing = [...adaptersOf(src)].flatMap(([room, names]) =>
      names.filter((name) => !paths.has(`src/${room}/${name}.ts`)).map((name) => `src/${room}/${name}.ts`),
    )
    expect(missing).toEqual([])
  })

  test('a project knows the doors of lifecycle and features, and nothing else of src', () => {
    expect(projects).toEqual(expect.arrayContaining(['taxifare', 'templates/project', 'tests/deliveries']))
    expect(projectsPastTheDoor(everything, projects)).toEqual([])
  })

  test('no room of src knows a taxi', () => {
    expect(taxiWords(src, KNOWS_A_TAXI)).toEqual([])
  })

  test('no file is over 300 lines and no function over 60 without a reason', () => {
    expect(tooLong(everything, LONGER)).toEqual([])
  })
})

describe('the rules find what breaks them', () => {
  const file = (path: string, ...lines: string[]): SourceFile => readSource(path, `${lines.join('\n')}\n`)
  const lines = (count: number): string[] => Array.from({ length: count }, (_, line) => `  f(${line})`)

  test('a room without a floor, and a file in no room', () => {
    const files = [file('src/cellar/wine.ts'), file('src/loose.ts'), file('src/kernel/json.ts')]
    expect(unplaced(files, ['attic', 'kernel'])).toEqual([
      'src/loose.ts lies in no room',
      'src/attic has no floor',
      'src/cellar has no floor',
    ])
  })

  test('rooms stand on nine floors, each once', () => {
    expect(FLOORS.length).toBe(9)
    expect(new Set(FLOORS.flat()).size).toBe(FLOORS.flat().length)
  })

  test.each([
    ['a value', "import { retrain } from '../flow/retrain.ts'"],
    ['a type', "import type { Retrain } from '../flow/retrain.ts'"],
    ['a type among values', "import { type Retrain } from '../flow/retrain.ts'"],
    ['nothing but the effect', "import '../flow/retrain.ts'"],
    ['a re-export', "export { retrain } from '../flow/retrain.ts'"],
    ['a re-export of everything', "export * from '../flow/retrain.ts'"],
    ['a type re-export', "export type { Retrain } from '../flow/retrain.ts'"],
    ['a dynamic import', "const { retrain } = await import('../flow/retrain.ts')"],
    ['an import inside a type', "type Retrain = import('../flow/retrain.ts').Retrain"],
    ['a worker by its address', "new Worker(new URL('../flow/retrain.ts', import.meta.url))"],
  ])('going up through %s', (_, line) => {
    expect(goingUp([file('src/database/x.ts', line)])).toEqual(['database/x.ts -> flow/retrain.ts'])
    expect(goingUp([file('src/tracking/x.ts', line)])).toEqual(['tracking/x.ts -> flow/retrain.ts']) // the same floor
    expect(goingUp([file('src/features/x.ts', line)])).toEqual([])
    expect(goingUp([file('src/flow/x.ts', line)])).toEqual([])
    expect(goingUp([file('src/database/x.test.ts', line)])).not.toEqual([]) // tests stand on floors too
  })

  test('words that only look like an import are none', () => {
    const text = [
      "// import { a } from '../main/a.ts'",
      'const text = "import \'../main/a.ts\'"',
      '/** `../main/a.ts` */',
    ]
    expect(goingUp([file('src/kernel/x.ts', ...text)])).toEqual([])
  })

  test('leaving src, and importing what only turns up at run time', () => {
    const leaving = file('src/lifecycle/x.ts', "import '../../taxifare/project.ts'")
    const computed = "const found = await import(path + '.ts')"
    expect(goingUp([leaving])).toEqual(['lifecycle/x.ts -> taxifare/project.ts'])
    expect(goingUp([file('src/cli/x.ts', '', computed)])).toEqual([
      'cli/x.ts -> a computed import in line 2; only main may',
    ])
    expect(goingUp([file('src/main/x.ts', computed), file('src/kernel/x.ts', "import 'node:fs'")])).toEqual([])
    expect(goingUp([file('src/lifecycle/x.test.ts', "import '../../taxifare/project.ts'")])).toEqual([])
  })

  test('a cycle, told once, the short way round', () => {
    const files = [
      file('src/flow/a.ts', "import type { B } from './b.ts'"),
      file('src/flow/b.ts', "import './c.ts'", "import './d.ts'"),
      file('src/flow/c.ts', "import './a.ts'"),
      file('src/flow/d.ts', "import './c.ts'"),
      file('src/flow/e.ts', "import './a.ts'"),
      file('src/flow/self.ts', "import type { Self } from './self.ts'"),
    ]
    expect(cycles(files)).toEqual([
      'flow/a.ts -> flow/b.ts -> flow/c.ts -> flow/a.ts',
      'flow/d.ts -> flow/c.ts -> flow/a.ts -> flow/b.ts -> flow/d.ts',
      'flow/self.ts -> flow/self.ts',
    ])
    expect(cycles(files.slice(4, 5))).toEqual([])
    const worker = [
      file('src/main/a.ts', "new URL('./b.ts', import.meta.url)"),
      file('src/main/b.ts', "import './a.ts'"),
    ]
    expect(cycles(worker)).toEqual([])
  })

  test('an adapter named by somebody else than main', () => {
    const port = file(
      'src/artifacts/port.ts',
      '/**',
      ' * The port to bytes. Adapters: `disk.ts` (files),',
      ' * `memory.ts`. All pass `artifacts.contract.ts`.',
      ' */',
      'export interface Store {}',
    )
    expect(adaptersOf([port]).get('artifacts')).toEqual(['disk', 'memory'])
    const naming = [
      "import { disk } from '../artifacts/disk.ts'",
      "import '../artifacts/memory-index.ts'",
      "import '../artifacts/port.ts'",
    ]
    expect(namedAdapters([port, file('src/tracking/x.ts', ...naming)])).toEqual([
      'tracking/x.ts -> artifacts/disk.ts is an adapter; only main names it',
      'tracking/x.ts -> artifacts/memory-index.ts is an adapter; only main names it',
    ])
    const allowed = ['src/main/x.ts', 'src/tracking/x.test.ts', 'src/tracking/x.contract.ts', 'tests/x.ts']
    expect(namedAdapters([port, ...allowed.map((path) => file(path, ...naming))])).toEqual([])
    expect(namedAdapters([port, file('src/artifacts/x.ts', "import './disk.ts'")])).toEqual([])
  })

  test('a project that goes past the door', () => {
    const naming = [
      "import '../src/lifecycle/project.ts'",
      "import '../src/features/specification.ts'",
      "import './city.ts'",
      "import 'zod'",
      "import type { Month } from '../src/kernel/window.ts'",
      "import '../src/lifecycle/cycle.ts'",
      "import '../tests/floors.ts'",
    ]
    expect(projectsPastTheDoor([file('taxifare/x.ts', ...naming)], ['taxifare'])).toEqual([
      'taxifare/x.ts -> kernel/window.ts',
      'taxifare/x.ts -> lifecycle/cycle.ts',
      'taxifare/x.ts -> tests/floors.ts',
    ])
    expect(projectsPastTheDoor([file('taxifare/x.ts', 'await import(name)')], ['taxifare']).length).toBe(1)
    expect(
      projectsPastTheDoor([file('taxifare/x.test.ts', ...naming), file('benchmarks/x.ts', ...naming)], ['taxifare']),
    ).toEqual([])
  })

  test('a taxi in an identifier, a string or a template, and not in a comment or inside another word', () => {
    const said = (line: string): string[] => taxiWords([file('src/server/x.ts', line)], {})
    expect(said('const fareUsd = 1')).toEqual(['src/server/x.ts:1 says "fare"'])
    expect(said("const name = 'the last rides'")).toEqual(['src/server/x.ts:1 says "rides"'])
    expect(said('const text = `many taxis`')).toEqual(['src/server/x.ts:1 says "taxis"'])
    expect(said('row.pickup_datetime = row.dropoffAtMs')).toEqual([
      'src/server/x.ts:1 says "pickup"',
      'src/server/x.ts:1 says "dropoff"',
    ])
    expect(said("// a taxi ride\nconst overrides = 'strides, welfare, cabinet'")).toEqual([])
    expect(taxiWords([file('src/server/x.test.ts', 'const fare = 1')], {})).toEqual([])
    expect(taxiWords([file('src/server/x.ts', 'const fare = 1')], { 'src/server/x.ts': 'its reason' })).toEqual([])
    expect(taxiWords([], { 'src/server/x.ts': 'its reason' })).toEqual(['src/server/x.ts is excused and need not be'])
  })

  test('a long file, a long function by its name, and an excuse that nothing needs any more', () => {
    const long = file(
      'src/flow/x.ts',
      'export function run() {',
      ...lines(59),
      '}',
      'const short = () => {',
      ...lines(58),
      '}',
    )
    expect(tooLong([long], {})).toEqual(['src/flow/x.ts#run has 61 lines'])
    const method = file('src/flow/x.ts', 'export const engine = {', '  start() {', ...lines(59), '  },', '}')
    expect(tooLong([method], {})).toEqual(['src/flow/x.ts#start has 61 lines'])
    const nameless = file('src/flow/x.ts', '', 'call(() => {', ...lines(59), '})')
    expect(tooLong([nameless], {})).toEqual(['src/flow/x.ts#the function in line 2 has 61 lines'])
    const whole = file('src/flow/y.ts', ...lines(301))
    expect(tooLong([whole, file('src/flow/z.ts', ...lines(300))], {})).toEqual(['src/flow/y.ts has 301 lines'])
    expect(tooLong([whole], { 'src/flow/y.ts': 'one table' })).toEqual([])
    expect(tooLong([], { 'src/flow/y.ts': 'one table' })).toEqual(['src/flow/y.ts is excused and need not be'])
  })

  test('a list of tests may be long, a test may not', () => {
    const body = ["describe('x', () => {", ...lines(40), "  test('y', () => {", ...lines(30), '  })', '})']
    expect(tooLong([file('src/flow/x.test.ts', ...body)], {})).toEqual([])
    expect(tooLong([file('src/flow/x.test.ts', "test('y', () => {", ...lines(60), '})')], {}).length).toBe(1)
  })

  test('a file that does not parse is named', () => {
    expect(() => file('src/flow/x.ts', 'const = 1')).toThrow('src/flow/x.ts does not parse')
  })
})
