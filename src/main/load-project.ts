// Loads the definition of the model to keep from a path.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import type { Project } from '../lifecycle/project.ts'
import { DEFAULT_PROJECT } from './settings-list.ts'

/** The module at a path must export `project`, made by `defineProject`. Throws `BAD_INPUT` with the path if it does not. */
export async function loadProject(path: string): Promise<Project> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new PlannedError('BAD_INPUT', `the project at ${path} cannot be loaded`, {
      why: messageOf(error),
      next: isPlanned(error)
        ? 'correct it there'
        : 'correct it there, or name another with --project or UNDERSTUDY_PROJECT',
      cause: error,
    })
  })
  const project: unknown = typeof module === 'object' && module !== null && 'project' in module ? module.project : null
  if (isProject(project)) return project
  throw new PlannedError('BAD_INPUT', `${path} exports no "project" made by defineProject`, {
    next: `see ${DEFAULT_PROJECT}/project.ts for one, or make a new one: ./understudy init NAME`,
  })
}

/** Only defineProject puts these two beside each other. */
function isProject(value: unknown): value is Project {
  return typeof value === 'object' && value !== null && 'historyFromMs' in value && 'rawSchema' in value
}
