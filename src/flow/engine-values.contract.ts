// Laws of the Engine port about values: what goes into the journal and comes out of it.
import fc from 'fast-check'
import { expect } from 'vitest'
import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { type EngineLaws, flowOf } from './engine-store.contract.ts'
import { flow } from './flow.ts'

class Fare {
  usd = 1
}
/** What it is, such a value, and how the message names the place. */
const NOT_JSON: readonly [string, unknown, string][] = [
  ['NaN', { fares: [1, Number.NaN] }, 'fares[1] is NaN'],
  ['an infinity', Number.POSITIVE_INFINITY, 'it is Infinity'],
  ['nothing', undefined, 'it is undefined'],
  ['an absent field', { a: { b: undefined } }, 'a.b is undefined'],
  ['a function', { f: () => 1 }, 'f is a function'],
  ['a bigint', [1n], '[0] is a bigint'],
  ['a class instance', { fare: new Fare() }, 'fare is an instance of Fare'],
  ['a date', new Date(0), 'it is an instance of Date'],
  ['a typed array', { weights: new Float32Array(2) }, 'weights is an instance of Float32Array'],
]
/** Three laws for each: of an output, an input and a flow's output. */
function refusal(what: string, value: unknown, place: string): [string, EngineLaws[string]] {
  const law: EngineLaws[string] = async (store) => {
    await using engine = await store.open()
    const example = flowOf(({ task }) => task('broken', null, async () => value as Json)) // what types forbid, a cast lets in
    const run = engine.run(example, null, {}, { key: 'k' })
    await expect(run).rejects.toThrow(`the output of task "broken" is not JSON: ${place}`)
    await expect(run).rejects.not.toHaveProperty('code')
    const wrongInput = flowOf(({ task }) => task('fed', value as Json, async () => null))
    await expect(engine.run(wrongInput, null, {}, { key: 'l' })).rejects.toThrow('the input of task "fed" is not JSON')
    const wrongEnd = flowOf(async () => value as Json)
    await expect(engine.run(wrongEnd, null, {}, { key: 'm' })).rejects.toThrow('the output of flow example is not JSON')
  }
  return [`${what} is a bug that names the task and the place`, law]
}

export const valueLaws: EngineLaws = {
  'a replayed output equals the one returned live, whatever JSON it is': async (store) => {
    await using engine = await store.open()
    let key = 0
    const property = fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), async (value) => {
      const seen: Json[] = []
      const example = flowOf(async ({ task }) => {
        seen.push(await task('a', value as Json, async (input) => input)) // fast-check's JSON is ours
        if (seen.length === 1) throw new PlannedError('BAD_DATA', 'once')
        return null
      })
      const options = { key: `${++key}` }
      await expect(engine.run(example, null, {}, options)).rejects.toMatchObject({ code: 'BAD_DATA' })
      await engine.run(example, null, {}, options)
      expect(seen[1]).toStrictEqual(seen[0])
    })
    await fc.assert(property, { seed: 20_150_201, numRuns: 40 })
  },

  ...Object.fromEntries(NOT_JSON.map((row) => refusal(...row))),

  'a value that holds itself is a bug, not an endless loop': async (store) => {
    await using engine = await store.open()
    const ring: { inner?: Json } = {}
    ring.inner = ring as Json // the point of this test
    const example = flowOf(({ task }) => task('ring', null, async () => ring as Json))
    await expect(engine.run(example, null, {}, { key: 'k' })).rejects.toThrow('holds itself')
  },

  'more than a mebibyte is refused with advice': async (store) => {
    await using engine = await store.open()
    const example = flowOf(({ task }) => task('big', null, async () => 'é'.repeat(600_000)))
    await expect(engine.run(example, null, {}, { key: 'k' })).rejects.toThrow(
      /output of task "big" is 1200002 bytes long.*pass its path or digest/,
    )
  },

  'input is parsed before anything is written': async (store) => {
    await using engine = await store.open()
    const input = z.object({ seed: z.int() })
    const example = flow<null>()({ name: 'parsed', version: 1, input, run: async (_, { seed }) => seed })
    await expect(engine.run(example, null, { seed: 1.5 }, { key: 'k' })).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringMatching(/flow parsed.*seed/),
    })
    expect(await engine.flowRuns()).toEqual([])
    expect((await engine.run(example, null, { seed: 2 }, { key: 'k' })).output).toBe(2)
  },
}
