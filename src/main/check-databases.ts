// Reads the databases of the home through: SQLite's own check, and the seals of the history.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { DatabaseReport, Settings } from '../cli/command.ts'
import { recoveryAdvice } from '../database/known-backups.ts'
import { openSqlite } from '../database/sqlite.ts'
import { integrityFaults } from '../database/sqlite-files.ts'
import { messageOf } from '../kernel/errors.ts'
import { checkHistory } from '../tracking/history.ts'
import type { TrackingSchema } from '../tracking/schema.ts'

/** Those that are there; nothing is made or changed. */
export async function checkDatabases({ databasePath, home }: Settings): Promise<readonly DatabaseReport[]> {
  const paths = [databasePath, join(home, 'flow.db')].filter((path) => existsSync(path))
  return await Promise.all(
    paths.map(async (path) => {
      const damage = await integrityFaults(path)
      const history = damage.length > 0 || path !== databasePath ? null : await historyOf(path)
      const faults = [...damage, ...(history?.fault === undefined ? [] : [history.fault])]
      return { path, faults, moves: history?.moves ?? null, cure: recoveryAdvice(path) }
    }),
  )
}

/** How many moves hold, or what does not; nothing of a file that no command has opened yet. */
async function historyOf(path: string): Promise<{ moves?: number; fault?: string } | null> {
  try {
    await using database = await openSqlite<TrackingSchema>(path, { readOnly: true })
    const tables = await database.sql.introspection.getTables()
    if (!tables.some(({ name }) => name === 'understudy_transitions')) return null
    const found = await checkHistory(database.sql)
    if (found.kind === 'whole') return { moves: found.rows }
    return { fault: `the history of stages is not as it was written: ${found.reason}` }
  } catch (error) {
    return { fault: messageOf(error) }
  }
}
