// Small files of sales for the tests of importing, in a folder that goes when the tests are done.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { TableSchema } from './port.ts'

export const SCHEMA: TableSchema = {
  timeColumn: 'sold_at',
  columns: [
    { name: 'price', type: 'double' },
    { name: 'sold_at', type: 'timestamp' },
    { name: 'pieces', type: 'integer' },
  ],
}

/** Asks for the folder before the tests of a file and removes it after them. */
export function openSalesFiles(): {
  folder(): string
  /** Where a file of one's own can go. */
  pathOf(name: string): string
  fileOf(content: string | Uint8Array, name?: string): Promise<string>
} {
  let folder = ''
  let written = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'understudy-import-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const pathOf = (name: string): string => join(folder, `${written++} ${name}`)
  return {
    folder: () => folder,
    pathOf,
    async fileOf(content, name = 'table.csv') {
      const path = pathOf(`[é*?] ${name}`) // letters that a shell or a pattern would trip over
      await writeFile(path, content)
      return path
    },
  }
}
