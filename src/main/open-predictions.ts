// What a server needs for predictions, opened when the first one is asked for: a server that is never asked pays for nothing.
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '../kernel/ids.ts'
import { OWN_MARK } from '../kernel/process-mark.ts'
import type { Project, TimeReading } from '../lifecycle/project.ts'
import type { ReadParquet } from '../lifecycle/request-table.ts'
import type { Serving } from '../lifecycle/serve-version.ts'
import type { Predictions } from '../server/predict.ts'
import type { Tracking } from '../tracking/port.ts'

/** Predictions from the versions of one model, in the store that `openTracking` opens. Close it after the last request. */
export function openPredictions(options: {
  readonly project: Project
  readonly model: string
  readonly timeReading: TimeReading
  readonly openTracking: () => Promise<Tracking>
  /** Where Parquet files lie while they are read. */
  readonly temporaryDirectory: string
  readonly report: (error: unknown, where: string) => void
}): Predictions & AsyncDisposable {
  const { project, model, timeReading, openTracking, temporaryDirectory, report } = options
  const opened = new AsyncDisposableStack()
  let opening: Promise<Serving> | null = null
  const open = async (): Promise<Serving> => {
    const { openServing } = await import('../lifecycle/serve-version.ts')
    const tracking = opened.use(await openTracking())
    return opened.use(openServing({ tracking, project, model, timeReading, report }))
  }
  const serving: Serving = {
    project,
    model,
    times: { reading: timeReading, unzoned: 'local' },
    async predict(choice, columns, rows, options) {
      opening ??= open().catch((error: unknown) => {
        opening = null // the next request tries again
        throw error
      })
      return (await opening).predict(choice, columns, rows, options)
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
  return {
    serving,
    readParquet: openReadParquet(temporaryDirectory, opened),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

/** Reads Parquet files by DuckDB, each from a private file that is there for as long as it is read. */
function openReadParquet(temporaryDirectory: string, opened: AsyncDisposableStack): ReadParquet<Uint8Array> {
  const open = async () => {
    const { openParquetReader } = await import('../warehouse/parquet-columns.ts')
    return opened.adopt(await openParquetReader(temporaryDirectory), (reader) => reader.close())
  }
  let reader: ReturnType<typeof open> | null = null
  return async (bytes, names, maxRows) => {
    reader ??= open()
    const { read } = await reader
    // DuckDB's own folders are named so: whoever opens one next removes what a process that was killed has left.
    const folder = join(temporaryDirectory, `understudy-duckdb-${OWN_MARK}-${newId()}`)
    const path = join(folder, 'sent.parquet')
    await mkdir(folder, { recursive: true, mode: 0o700 })
    try {
      await writeFile(path, bytes, { mode: 0o600 })
      return await read(path, names, maxRows)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** Reads one Parquet file where it lies. */
export const readParquetFile: ReadParquet<string> = async (path, names, maxRows) => {
  const { openParquetReader } = await import('../warehouse/parquet-columns.ts')
  const reader = await openParquetReader(join(tmpdir(), 'understudy'))
  try {
    return await reader.read(path, names, maxRows)
  } finally {
    reader.close()
  }
}
