// Where the registry says that files lie. MLflow's tables hold whole addresses: Understudy finds its own wherever a home was moved to,
// MLflow itself goes by the address.
import { sql } from 'kysely'
import { diskArtifacts } from '../artifacts/disk.ts'
import type { Database } from '../database/port.ts'
import { locate } from '../tracking/locate.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import type { BackupRecord } from './record.ts'

/** Every column that holds an address. `logged_models` is MLflow's own. */
const ADDRESSES = [
  ['experiments', 'artifact_location'],
  ['runs', 'artifact_uri'],
  ['model_versions', 'source'],
  ['model_versions', 'storage_location'],
  ['logged_models', 'artifact_location'],
] as const

/** The path below a backup's artifacts that the address of a run's or a version's files stands for; null for one that lies elsewhere. */
export function pathOfAddress(record: BackupRecord, address: string): string | null {
  return locatedPath(diskArtifacts(record.artifacts), address)
}

/**
 * Where an address leads once the backup's artifacts lie in the folder at `to`. One that never was the home's stays as it is: an address of
 * a place where the home lay before counts if the backup, in its folder `artifacts`, has files of that experiment.
 */
export function movedAddress(record: BackupRecord, artifacts: string, address: string, to: string): string {
  if (address.startsWith('mlflow-artifacts:')) return address // goes through whatever server has the store
  const store = diskArtifacts(record.artifacts)
  const own = store.pathOf(address)
  const path = own ?? /^(?:file:\/\/)?\/(?:.*\/)?(\d+)$/.exec(address)?.[1] ?? locatedPath(store, address)
  if (path === null) return address
  const experiment = path.split('/', 1).join()
  const isThere = record.files.some((file) => file.path.startsWith(`${artifacts}/${experiment}/`))
  return own === null && !isThere ? address : diskArtifacts(to).uri(path)
}

function locatedPath(store: Parameters<typeof locate>[0], address: string): string | null {
  try {
    return locate(store, address, 'an address')
  } catch {
    return null
  }
}

/** Rewrites every address in the registry by a function, in one transaction. */
export async function relocate(database: Database<TrackingSchema>, to: (address: string) => string): Promise<void> {
  await database.transaction(async (trx) => {
    for (const [table, column] of ADDRESSES) {
      const at = sql.ref(column)
      const query = sql<{
        address: string
      }>`select distinct ${at} as address from ${sql.table(table)} where ${at} is not null`
      for (const { address } of (await query.execute(trx)).rows) {
        if (to(address) === address) continue
        await sql`update ${sql.table(table)} set ${at} = ${to(address)} where ${at} = ${address}`.execute(trx)
      }
    }
  })
}
