import { mkdtempDisposable, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { EncodedRows } from '../features/encode.ts'
import { seededRandom } from '../kernel/random.ts'
import { openShuffledRows } from './open-shuffled-rows.ts'
import type { RowSource } from './port.ts'
import { makeRows } from './rows.ts'
import type { ShuffledRows } from './shuffled-rows.ts'
import { bytesOfRow } from './spilled-rows.ts'

/** Rows that say their number in every value, in blocks of `blockRows`. */
function numbered(rows: number, blockRows = 7): RowSource {
  const shape = { numberCount: 2, categoryCount: 1 }
  return {
    rows,
    ...shape,
    async *blocks() {
      for (let from = 0; from < rows; from += blockRows) {
        const block = makeRows(shape, Math.min(blockRows, rows - from))
        for (let row = 0; row < block.rows; row++) {
          block.numbers.set([from + row, -(from + row)], row * 2)
          block.codes[row] = (from + row) % 100
          block.target[row] = from + row
        }
        yield block
      }
    },
  }
}

const ROW_BYTES = bytesOfRow({ numberCount: 2, categoryCount: 1 })
const scratchFolder = () => mkdtempDisposable(join(tmpdir(), 'understudy-spilled-'))

/** Opens them with so many rows to a bucket. */
function spilled(source: RowSource, scratch: string, how: { batchSize: number; bucketRows: number; seed: number }) {
  const { batchSize, bucketRows, seed } = how
  const bytes = { heldBytes: 0, bucketBytes: bucketRows * ROW_BYTES }
  return openShuffledRows(source, { batchSize, random: seededRandom(seed), scratch, ...bytes })
}

/** The numbers of a pass's rows, block by block; checks that every value is of the same row. */
async function passOf(rows: ShuffledRows): Promise<number[][]> {
  const blocks: number[][] = []
  for await (const { rows: block, order } of rows.pass()) {
    blocks.push(
      Array.from(order, (row) => {
        const number = block.target[row]!
        expect(valuesOf(block, row)).toEqual([number, 0 - number, number % 100])
        return number
      }),
    )
  }
  return blocks
}

function valuesOf({ numbers, codes }: EncodedRows, row: number): number[] {
  return [numbers[row * 2]!, 0 + numbers[row * 2 + 1]!, codes[row]!]
}

test('a pass hands out every row once, whole, in blocks of whole batches and one rest', async () => {
  await using folder = await scratchFolder()
  await using rows = await spilled(numbered(1_003), folder.path, { batchSize: 20, bucketRows: 130, seed: 1 })
  for (let pass = 0; pass < 3; pass++) {
    const blocks = await passOf(rows)
    expect(blocks.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1_003 }, (_, row) => row))
    expect(blocks.map(({ length }) => length).toSorted((a, b) => a - b)).toEqual([
      43, 120, 120, 120, 120, 120, 120, 120, 120,
    ])
    expect(Math.max(...blocks.map(({ length }) => length))).toBe(rows.blockRows)
  }
})

test('the same seed gives the same orders; another seed, and every further pass, others', async () => {
  await using folder = await scratchFolder()
  const passes = async (seed: number) => {
    await using rows = await spilled(numbered(200), folder.path, { batchSize: 10, bucketRows: 50, seed })
    return [await passOf(rows), await passOf(rows)]
  }
  const [first, again] = await passes(7)
  expect(await passes(7)).toEqual([first, again])
  expect(again).not.toEqual(first)
  expect(await passes(8)).not.toEqual([first, again])
})

test('in the first pass every order of the rows is equally likely', async () => {
  await using folder = await scratchFolder()
  const counts = new Map<string, number>()
  const draws = 2_400
  for (let seed = 0; seed < draws; seed++) {
    await using rows = await spilled(numbered(4, 3), folder.path, { batchSize: 1, bucketRows: 2, seed })
    const order = (await passOf(rows)).flat().join()
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  // Chi-square with 23 degrees of freedom: 49.7 is passed once in a thousand. The seeds are fixed, so it is passed always or never.
  const expected = draws / 24
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  expect(counts.size).toBe(24)
  expect(chiSquare).toBeLessThan(49.7)
})

test('a pass that is left early does not spoil the next one', async () => {
  await using folder = await scratchFolder()
  await using rows = await spilled(numbered(500), folder.path, { batchSize: 10, bucketRows: 100, seed: 3 })
  for await (const _ of rows.pass()) break
  expect((await passOf(rows)).flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, row) => row))
})

test('nothing is left on the disk, also when reading the rows fails or is called off', async () => {
  await using folder = await scratchFolder()
  const how = { batchSize: 10, bucketRows: 100, seed: 3 }
  await using rows = await spilled(numbered(500), folder.path, how)
  expect(await readdir(folder.path)).toHaveLength(1)
  await rows[Symbol.asyncDispose]()
  expect(await readdir(folder.path)).toEqual([])
  const short: RowSource = { ...numbered(500), rows: 600 }
  await expect(spilled(short, folder.path, how)).rejects.toThrow('600 rows were announced and 500 came')
  const signal = AbortSignal.abort()
  const called = openShuffledRows(numbered(500), {
    ...how,
    random: seededRandom(0),
    scratch: folder.path,
    signal,
    heldBytes: 0,
  })
  await expect(called).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(await readdir(folder.path)).toEqual([])
})

test('rows that fit are held, without a folder all are, and both are the same one block in another order each pass', async () => {
  await using folder = await scratchFolder()
  const held = { batchSize: 10, heldBytes: 100 * ROW_BYTES }
  await using fitting = await openShuffledRows(numbered(100), {
    ...held,
    random: seededRandom(1),
    scratch: folder.path,
  })
  await using homeless = await openShuffledRows(numbered(101), { ...held, random: seededRandom(1) })
  expect(await readdir(folder.path)).toEqual([])
  for (const rows of [fitting, homeless]) {
    const [one, other] = [await passOf(rows), await passOf(rows)]
    expect(one).toHaveLength(1)
    expect(one[0]).toHaveLength(rows.rows)
    expect(other).not.toEqual(one)
  }
})
