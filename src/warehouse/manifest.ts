// What a table's folder holds: manifest.json lists, month by month, the files that are the table. Whatever is not listed is not there.
import { readFile } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { z } from 'zod'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import type { Month } from '../kernel/window.ts'
import type { TableInfo, TableSchema } from './port.ts'

/** Raised when an older build could misread what a newer one writes. */
const FORMAT = 1

const MonthText = z
  .string()
  .regex(/^\d{4}-(0[1-9]|1[0-2])$/)
  .transform((text) => text as Month) // the pattern is the type
/** A file's path inside the table's folder. The pattern keeps a damaged manifest from naming files elsewhere. */
const PartPath = z.string().regex(/^month=\d{4}-\d{2}\/part-[0-9a-f-]+\.parquet$/)

const Partition = z.object({
  month: MonthText,
  files: z.array(PartPath),
  /** Bytes of each file as it was written; null, or none at all, for files that were written before sizes were noted. */
  bytes: z.array(z.int().nonnegative().nullable()).default([]),
  rows: z.int().nonnegative(),
  fingerprint: z.string().min(1),
  basis: z.string().nullable(),
})
export type StoredPartition = z.infer<typeof Partition>

const Manifest = z.object({
  format: z.literal(FORMAT),
  /** Null once the table was dropped: its files wait for the readers that still have them open. */
  table: z
    .object({
      origin: z.string().min(1),
      schema: z.object({
        timeColumn: z.string(),
        columns: z.array(z.object({ name: z.string(), type: z.enum(['timestamp', 'double', 'integer']) })),
      }),
      partitions: z.array(Partition),
    })
    .nullable(),
  /** Files no longer listed, and since when. */
  retired: z.array(z.object({ file: PartPath, atMs: z.number() })),
})
export type Manifest = z.infer<typeof Manifest>

/** A table that is there, with the files it is made of. */
export interface StoredTable {
  readonly name: string
  readonly origin: string
  readonly schema: TableSchema
  readonly partitions: readonly StoredPartition[]
}

/**
 * The manifest at a path, or null if there is none. Throws `BAD_DATA` if it cannot be understood; its fact `newerFormat` says whether a
 * newer build wrote it.
 */
export async function readManifest(path: string): Promise<Manifest | null> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) return null
    throw error
  }
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause) {
    throw damaged(path, messageOf(cause), cause)
  }
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined
  if (typeof format === 'number' && format > FORMAT) {
    throw new PlannedError('BAD_DATA', `table ${tableAt(path)} was written by a newer build`, {
      why: `${path} is of format ${format}, and this build reads ${FORMAT}`,
      next: 'update this one, or use the newer one',
      facts: { path, newerFormat: true },
    })
  }
  const parsed = Manifest.safeParse(json)
  if (!parsed.success) throw damaged(path, z.prettifyError(parsed.error).replaceAll(/\s+/g, ' '), parsed.error)
  return parsed.data
}

export function emptyManifest(): Manifest {
  return { format: FORMAT, table: null, retired: [] }
}

/** What the port shows of a table. */
export function infoOf(table: StoredTable): TableInfo {
  const { name, origin, schema } = table
  const partitions = table.partitions.map(({ month, rows, fingerprint, basis }) => ({
    month,
    rows,
    fingerprint,
    basis,
  }))
  return { name, origin, schema, partitions }
}

/** The fingerprint of rows from their number and the sum of their hashes; the order of rows cannot show in it. */
export function fingerprintOf(rows: number, hashSum: bigint): string {
  return `${rows}-${BigInt.asUintN(64, hashSum).toString(16).padStart(16, '0')}`
}

/** The fingerprint of two heaps of rows put together. */
export function joinFingerprints(left: string, right: string): string {
  const [leftRows = '', leftSum = ''] = left.split('-')
  const [rightRows = '', rightSum = ''] = right.split('-')
  return fingerprintOf(Number(leftRows) + Number(rightRows), BigInt(`0x${leftSum}`) + BigInt(`0x${rightSum}`))
}

function damaged(path: string, detail: string, cause: unknown): PlannedError {
  const table = tableAt(path)
  return new PlannedError('BAD_DATA', `the list of what table ${table} is made of, ${path}, is damaged`, {
    why: detail,
    next: `restore it from a backup; or ./understudy data drop ${table}, then make or import the table again`,
    facts: { path, table, newerFormat: false },
    cause,
  })
}

/** The table whose manifest lies at a path: its folder has its name. */
function tableAt(path: string): string {
  return basename(dirname(path))
}
