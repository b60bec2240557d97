// What happens to a table's files behind our back: how it is noticed, and how it is told.
import { PlannedError } from '../kernel/errors.ts'
import { dayText, type Month, monthWindow } from '../kernel/window.ts'
import type { StoredPartition, StoredTable } from './manifest.ts'
import type { TableFiles } from './table-files.ts'

/**
 * Full paths of the files that hold some partitions of a table. Throws `BAD_DATA` naming table, month and file if one is gone or has
 * another size than it was written with.
 */
export async function soundPathsOf(
  files: TableFiles,
  table: StoredTable,
  partitions: readonly StoredPartition[],
): Promise<string[]> {
  const paths: string[] = []
  for (const partition of partitions) {
    const fault = await faultIn(files, table.name, partition)
    if (fault !== null) throw damagedFile(table, fault.path, fault.detail)
    paths.push(...partition.files.map((file) => files.pathOf(table.name, file)))
  }
  return paths
}

/** Months of a table whose files are gone or of another size than they were written with. */
export async function monthsWithFaults(files: TableFiles, table: StoredTable): Promise<Month[]> {
  const months: Month[] = []
  for (const partition of table.partitions) {
    if ((await faultIn(files, table.name, partition)) !== null) months.push(partition.month)
  }
  return months
}

async function faultIn(
  files: TableFiles,
  table: string,
  partition: StoredPartition,
): Promise<{ path: string; detail: string } | null> {
  const sizes = await files.sizesOf(table, partition)
  for (const [i, size] of sizes.entries()) {
    const path = files.pathOf(table, partition.files[i]!) // one size per file
    const written = partition.bytes[i] ?? null
    if (size === null) return { path, detail: 'is not there any more' }
    if (written !== null && size !== written)
      return { path, detail: `has ${size} bytes and was written with ${written}: somebody changed it` }
  }
  return null
}

/** The error for a stored file that is not as it was written: table, month, file, and how to get the rows back. */
export function damagedFile(table: StoredTable, path: string, detail: string, cause?: unknown): PlannedError {
  const partition = table.partitions.find(({ files }) => files.some((file) => path.endsWith(file)))
  const month = partition?.month ?? null
  return new PlannedError('BAD_DATA', `table ${table.name}${month === null ? '' : `, month ${month},`} is damaged`, {
    why: `its file ${path} ${detail}`,
    next: wayOut(table.name, month, (partition?.basis ?? null) !== null),
    facts: { table: table.name, month, path },
    ...(cause === undefined ? {} : { cause }),
  })
}

function wayOut(table: string, month: Month | null, isDerived: boolean): string {
  if (!isDerived || month === null) {
    return `restore that file from a backup; or ./understudy data drop ${table}, then make or import the table again`
  }
  const { fromMs, toMs } = monthWindow(month)
  return `./understudy preprocess --from ${dayText(fromMs)} --to ${dayText(toMs)} makes that month again`
}
