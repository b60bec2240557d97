// What the docs say runs: every `@example` in src is evaluated with its own module's exports in scope.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { ROOT, readSource, readSources, type SourceFile } from './source-code.ts'

/** One `expression // => value`, with the lines of its example that stand before it. */
interface Example {
  readonly path: string
  readonly line: number
  readonly statements: readonly string[]
  readonly expression: string
  readonly value: string
}

const ARROW = ' // => '

/** The examples of a file. Throws for one that promises nothing. */
function examplesOf({ path, docs }: SourceFile): Example[] {
  return docs.flatMap(({ text, line: docLine }) => {
    const lines = text.split('\n')
    const examples: Example[] = []
    for (let index = 0; index < lines.length; index++) {
      if (!lines[index]!.startsWith('@example')) continue
      const line = docLine + index
      const statements: string[] = []
      const before = examples.length
      let current = lines[index]!.slice('@example'.length).trim()
      while (true) {
        const at = current.indexOf(ARROW)
        if (at >= 0) {
          examples.push({
            path,
            line,
            statements: [...statements],
            expression: current.slice(0, at),
            value: current.slice(at + ARROW.length),
          })
        } else if (current !== '') statements.push(current)
        const next = lines[index + 1]?.trim()
        if (next === undefined || next.startsWith('@')) break
        current = next
        index++
      }
      if (examples.length === before) throw new Error(`${path}:${line} has an @example without "${ARROW.trim()} value"`)
    }
    return examples
  })
}

/** The value an example promises: an expression, or a typed array as Node prints it. */
function promised(value: string): string {
  const array = /^(\w+Array)(?:\(\d+\))? ?\[(.*)\]$/.exec(value.trim())
  return array === null ? `(${value})` : `${array[1]}.of(${array[2]})`
}

async function run(
  scope: Readonly<Record<string, unknown>>,
  example: Example,
): Promise<{ found: unknown; expected: unknown }> {
  const evaluate = async (expression: string): Promise<unknown> => {
    const body = `return (async () => {\n${example.statements.join('\n')}\nreturn (${expression})\n})()`
    const made: unknown = new Function(...Object.keys(scope), body)(...Object.values(scope))
    return made
  }
  return { found: await evaluate(example.expression), expected: await evaluate(promised(example.value)) }
}

describe('the examples in the docs', () => {
  const examples = readSources(['src']).flatMap(examplesOf)

  test('exist', () => {
    expect(examples.length).toBeGreaterThan(5)
  })

  test.each(examples.map((example) => ({ name: `${example.path}: ${example.expression}`, example })))(
    '$name',
    async ({ example }) => {
      const module: Record<string, unknown> = await import(pathToFileURL(join(ROOT, example.path)).href)
      const { found, expected } = await run(module, example)
      expect(found).toEqual(expected)
    },
  )
})

describe('the reader of examples', () => {
  const read = (...doc: string[]): Example[] =>
    examplesOf(
      readSource('src/kernel/x.ts', `/**\n${doc.map((line) => ` * ${line}`).join('\n')}\n */\nexport const x = 1\n`),
    )
  const scope = { double: (value: number) => value * 2 }

  test('finds one on a line, several in a list, and the lines that lead up to them', async () => {
    const examples = read(
      'Doubles.',
      '',
      '@example double(2) // => 4',
      '@example',
      'const three = 3',
      'double(three) // => 6',
      'double(0) // => 0',
      '@throws never',
    )
    expect(examples.map(({ expression, value }) => [expression, value])).toEqual([
      ['double(2)', '4'],
      ['double(three)', '6'],
      ['double(0)', '0'],
    ])
    for (const example of examples) {
      const { found, expected } = await run(scope, example)
      expect(found).toEqual(expected)
    }
  })

  test('a promise that is not kept is seen', async () => {
    const { found, expected } = await run(scope, read('@example double(2) // => 5')[0]!)
    expect(found).not.toEqual(expected)
  })

  test('values may be objects, typed arrays as Node prints them, and promises', async () => {
    const pairs = [
      ['({ a: double(1) })', '{ a: 2 }'],
      ['Float64Array.of(double(1), 3)', 'Float64Array(2) [ 2, 3 ]'],
      ['Float64Array.of(0)', 'Float64Array [0]'],
      ['await Promise.resolve(double(4))', '8'],
    ]
    for (const [expression, value] of pairs) {
      const { found, expected } = await run(scope, read(`@example ${expression}${ARROW}${value}`)[0]!)
      expect(found).toEqual(expected)
    }
  })

  test('an example that promises nothing is refused by file and line', () => {
    expect(() => read('@example double(2)')).toThrow('src/kernel/x.ts:2 has an @example without "// => value"')
  })
})
