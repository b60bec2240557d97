// Loads the definition of the model to keep from a path.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import type { Project } from '../lifecycle/project.ts'

/** The module at a path must export `project`, made by `defineProject`. Throws `BAD_INPUT` with the path if it does not. */
export async function loadProject(path: string): Promise<Project> {
  const module: unknown = await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    throw new PlannedError('BAD_INPUT', `the project at ${path} cannot be loaded: ${messageOf(error)}`, {
      cause: error,
    })
  })
  if (typeof module === 'object' && module !== null && 'project' in module) {
    return module.project as Project // what defineProject returns is the contract of this export
  }
  throw new PlannedError('BAD_INPUT', `${path} exports no "project"; export one made by defineProject`)
}
