// Where everything is kept: the home, and what settings may put elsewhere.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { isAbsolute, join, relative } from 'node:path'

/** The parts of the state, as absolute paths. */
export interface Place {
  readonly home: string
  /** The tracking database. */
  readonly databasePath: string
  /** The folder of models and other files of runs. */
  readonly artifacts: string
}

/** The engine's database, in the home. */
export const JOURNAL = 'flow.db'
/** Tables, in the home. */
export const WAREHOUSE = 'warehouse'
/** What may be removed whenever no process works in the home. */
export const TEMPORARY = 'tmp'

export function journalOf({ home }: Place): string {
  return join(home, JOURNAL)
}

/** Whether anything is kept: a server makes the tracking database and artifacts, and no journal. */
export function holdsSomething(place: Place): boolean {
  return [journalOf(place), place.databasePath].some((file) => existsSync(file)) || holdsFiles(place.artifacts)
}

function holdsFiles(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0
  } catch {
    return false // not there, or nothing that can be looked into
  }
}

/** Whether a path is a folder, or lies below it. */
export function isWithin(folder: string, path: string): boolean {
  const below = relative(folder, path)
  return below === '' || !(below.startsWith('..') || isAbsolute(below))
}

/** The version of this program, as package.json has it. */
export function programVersion(): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return version
}
