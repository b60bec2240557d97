// Loads the definition of the model to keep from a path.
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import type { Project } from '../lifecycle/project.ts'
import { DEFAULT_PROJECT } from './settings-list.ts'

/** The module at a path must export `project`, made by `defineProject`. Throws `BAD_INPUT` with the path if it does not. */
export async function loadProject(path: string): Promise<Project> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw cannotLoad(path, error)
  })
  const project: unknown = typeof module === 'object' && module !== null && 'project' in module ? module.project : null
  if (isProject(project)) return project
  throw new PlannedError('BAD_INPUT', `${path} exports no "project" made by defineProject`, {
    next: `see ${DEFAULT_PROJECT}/project.ts for one, or make a new one: ./understudy init NAME`,
  })
}

function cannotLoad(path: string, error: unknown): PlannedError {
  const planned = isPlanned(error) ? error : null
  const why =
    planned === null ? `${messageOf(error)}${placeOf(error)}` : [planned.what, planned.why].filter(Boolean).join(': ')
  return new PlannedError('BAD_INPUT', `the project at ${path} cannot be loaded`, {
    why,
    next: planned?.next ?? 'correct it there, or name another with --project or UNDERSTUDY_PROJECT',
    cause: error,
  })
}

/** The line an error of the language points at: ` (features.ts, line 4)`. */
function placeOf(error: unknown): string {
  const [, file, line] = /file:\/\/(\S+?):(\d+)/.exec(error instanceof Error ? (error.stack ?? '') : '') ?? []
  return file === undefined ? '' : ` (${basename(decodeURI(file))}, line ${line})`
}

/** Only defineProject puts these two beside each other. */
function isProject(value: unknown): value is Project {
  return typeof value === 'object' && value !== null && 'historyFromMs' in value && 'rawSchema' in value
}
