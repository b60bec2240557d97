// Loads the definition of the model to keep from a path.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import type { Project } from '../lifecycle/project.ts'
import { DEFAULT_PROJECT } from './settings.ts'

/** The module at a path must export `project`, made by `defineProject`. Throws `BAD_INPUT` with the path if it does not. */
export async function loadProject(path: string): Promise<Project> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new PlannedError(
      'BAD_INPUT',
      `the project at ${path} cannot be loaded: ${messageOf(error)}; set UNDERSTUDY_PROJECT to a file that can`,
      {
        cause: error,
      },
    )
  })
  const project: unknown = typeof module === 'object' && module !== null && 'project' in module ? module.project : null
  if (isProject(project)) return project
  throw new PlannedError(
    'BAD_INPUT',
    `${path} exports no "project" made by defineProject; see ${DEFAULT_PROJECT} for one`,
  )
}

/** Only defineProject puts these two beside each other. */
function isProject(value: unknown): value is Project {
  return typeof value === 'object' && value !== null && 'historyFromMs' in value && 'rawSchema' in value
}
