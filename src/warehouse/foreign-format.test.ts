import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { inspectForeignFile, splitHeadings } from './foreign-format.ts'

let scratch = ''
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-format-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

test('headings may be quoted, and hold the delimiter and quotes', () => {
  expect(splitHeadings('a,"b, ""c""", d ,', ',')).toEqual(['a', 'b, "c"', 'd', ''])
})

test('the delimiter is the one that gives the headings looked for, not the one there is most of', async () => {
  const path = join(scratch, 'table.txt')
  await writeFile(path, 'a;b, and c, and d;e\n1;2;3\n')
  const countKnown = (headings: readonly string[]): number => headings.filter((heading) => heading.length === 1).length
  const format = await inspectForeignFile(path, countKnown, undefined)
  expect(format).toEqual({
    kind: 'csv',
    compression: 'none',
    delimiter: ';',
    headings: ['a', 'b, and c, and d', 'e'],
    skip: 1,
  })
})

test('no file, and a folder, are told apart', async () => {
  const inspect = (path: string) => inspectForeignFile(path, () => 0, undefined)
  const missing = { code: 'NOT_FOUND', message: expect.stringContaining('none.csv') }
  await expect(inspect(join(scratch, 'none.csv'))).rejects.toMatchObject(missing)
  const folder = { code: 'BAD_INPUT', message: expect.stringContaining('is a folder') }
  await expect(inspect(scratch)).rejects.toMatchObject(folder)
})
