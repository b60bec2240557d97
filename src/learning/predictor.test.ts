import { expect, test } from 'vitest'
import { openGraph } from '../features/onnx-graph.ts'
import { openPredictor } from './predictor.ts'

/** A model made elsewhere, as exporters write them: y = a + 10 b, float [rows, 1] or double [rows]. */
function foreignModel(): Uint8Array {
  const graph = openGraph('foreign')
  const a = graph.input('a', 'float', ['N', 1])
  const b = graph.input('b', 'int32', ['N', 1])
  const asFloat = graph.node('Cast', [b], { to: { int: 1 } })
  const y = graph.node('Add', [a, graph.node('Mul', [asFloat, graph.constant([10], 'float', [])])])
  graph.output('variable', y, 'float', ['N', 1])
  graph.output('second', b, 'int32', ['N', 1])
  return graph.toBytes({ metadata: {} })
}

/** y = t / 2 in double, from int64. */
function timeModel(): Uint8Array {
  const graph = openGraph('time')
  const t = graph.input('t', 'int64', ['rows'])
  const half = graph.node('Div', [graph.node('Cast', [t], { to: { int: 11 } }), graph.constant([2], 'double', [])])
  graph.output('y', half, 'double', ['rows'])
  return graph.toBytes({ metadata: {} })
}

test('a model made elsewhere is fed by its own input names, types and shapes, and its first output is the prediction', async () => {
  await using predictor = await openPredictor(foreignModel())
  expect(predictor.inputs).toEqual(['a', 'b'])
  const scored = await predictor.predict(
    { b: Float64Array.of(1, -2), a: Float64Array.of(0.5, 0.25), other: Float64Array.of(1) },
    2,
  )
  expect(scored).toEqual(Float64Array.of(10.5, -19.75))
})

test('64-bit integers arrive exactly: negative, beyond 32 bits, at the edge of what a double holds', async () => {
  await using predictor = await openPredictor(timeModel())
  const times = [
    0,
    1,
    -1,
    -2,
    2 ** 31,
    2 ** 32,
    -(2 ** 32),
    2 ** 32 - 1,
    1_420_070_400_123,
    -1_420_070_400_123,
    2 ** 53 - 1,
    1 - 2 ** 53,
  ]
  const scored = await predictor.predict({ t: Float64Array.from(times) }, times.length)
  expect(Array.from(scored, (half) => half * 2)).toEqual(times)
})

test('more rows than one batch come back in order, and none give none', async () => {
  await using predictor = await openPredictor(timeModel())
  const t = Float64Array.from({ length: 20_000 }, (_, i) => i * 1_000_003)
  expect(await predictor.predict({ t }, t.length)).toEqual(t.map((value) => value / 2))
  expect(await predictor.predict({ t }, 3)).toEqual(Float64Array.of(0, 500_001.5, 1_000_003))
  expect(await predictor.predict({ t: new Float64Array(0) }, 0)).toEqual(new Float64Array(0))
})

test('a null in gives a null out, for that row only, whatever the type of the input', async () => {
  await using foreign = await openPredictor(foreignModel())
  const scored = await foreign.predict(
    { a: Float64Array.of(1, Number.NaN, 3), b: Float64Array.of(Number.NaN, 0, 0) },
    3,
  )
  expect(scored).toEqual(Float64Array.of(Number.NaN, Number.NaN, 3))
  await using times = await openPredictor(timeModel())
  expect(await times.predict({ t: Float64Array.of(Number.NaN, 4) }, 2)).toEqual(Float64Array.of(Number.NaN, 2))
})

test('a file whose metadata names columns gives its own answer for a null in those, and none for a null in others', async () => {
  const model = (about: string): Uint8Array => {
    const graph = openGraph('choosy')
    const a = graph.input('a', 'double', ['rows'])
    const or7 = graph.node('Where', [graph.node('IsNaN', [a]), graph.constant([7], 'double', []), a])
    const b = graph.node('Cast', [graph.input('b', 'int64', ['rows'])], { to: { int: 11 } })
    graph.output('y', graph.node('Add', [or7, b]), 'double', ['rows'])
    return graph.toBytes({ metadata: { 'understudy.answers_without': about } })
  }
  const columns = { a: Float64Array.of(Number.NaN, 2, Number.NaN), b: Float64Array.of(1, Number.NaN, Number.NaN) }
  const answersTo = async (about: string): Promise<number[]> => {
    await using predictor = await openPredictor(model(about))
    return [...(await predictor.predict(columns, 3))]
  }
  expect(await answersTo('["a"]')).toEqual([8, Number.NaN, Number.NaN])
  expect(await answersTo('["a","b"]')).toEqual([8, 2, 7])
  for (const strange of ['[]', '{', 'null', '[1]', '"a"']) {
    expect(await answersTo(strange)).toEqual([Number.NaN, Number.NaN, Number.NaN])
  }
})

test('a missing or short column, and a fraction where the model takes whole numbers, are refused in words', async () => {
  await using predictor = await openPredictor(timeModel())
  await expect(predictor.predict({ u: Float64Array.of(1) }, 1)).rejects.toThrow('reads the column t, and there are u')
  await expect(predictor.predict({ t: Float64Array.of(1) }, 2)).rejects.toThrow('it has 1 values')
  await expect(predictor.predict({ t: Float64Array.of(1, 2.5) }, 2)).rejects.toThrow(
    'whole numbers as t, and row 1 has 2.5',
  )
  await expect(predictor.predict({ t: Float64Array.of(2 ** 60) }, 1)).rejects.toMatchObject({ code: 'BAD_DATA' })
  await using foreign = await openPredictor(foreignModel())
  await expect(foreign.predict({ a: Float64Array.of(1), b: Float64Array.of(2 ** 31) }, 1)).rejects.toThrow(
    'row 0 has 2147483648',
  )
})

test('a damaged, empty or unsuitable file is BAD_DATA, saying what is wrong with it', async () => {
  const whole = timeModel()
  for (const bytes of [
    whole.subarray(0, whole.length / 2),
    new Uint8Array(0),
    new TextEncoder().encode('not a model'),
  ]) {
    await expect(openPredictor(bytes)).rejects.toThrow(/BAD_DATA|cannot be loaded/)
    await expect(openPredictor(bytes)).rejects.toMatchObject({ code: 'BAD_DATA' })
  }
  const matrix = openGraph('matrix')
  matrix.output('y', matrix.input('x', 'float', ['rows', 65]), 'float', ['rows', 65])
  await expect(openPredictor(matrix.toBytes({ metadata: {} }))).rejects.toThrow(
    'input x is float32 [rows, 65]; each input has to be one raw column',
  )
  const wholeNumbers = openGraph('integers')
  wholeNumbers.output('y', wholeNumbers.input('x', 'int64', ['rows']), 'int64', ['rows'])
  await expect(openPredictor(wholeNumbers.toBytes({ metadata: {} }))).rejects.toThrow('first output, y, is int64')
})

test('a model that answers with another number of values than rows is BAD_DATA', async () => {
  const graph = openGraph('sum')
  graph.output(
    'y',
    graph.node('ReduceSum', [graph.input('x', 'double', ['rows'])], { keepdims: { int: 1 } }),
    'double',
    [1],
  )
  await using predictor = await openPredictor(graph.toBytes({ metadata: {} }))
  await expect(predictor.predict({ x: Float64Array.of(1, 2) }, 2)).rejects.toThrow(
    'answered 2 rows with y of shape [1]',
  )
})
