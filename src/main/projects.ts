// Which projects there are: folders beside package.json that hold a `project.ts`.
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** A project by the name of its folder, and the path of its definition. */
export interface ProjectPlace {
  readonly name: string
  readonly path: string
}

/** The projects in a folder, by name. */
export async function findProjects(root: string): Promise<readonly ProjectPlace[]> {
  const entries = await readdir(root, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => ({ name, path: join(root, name, 'project.ts') }))
    .filter(({ path }) => existsSync(path))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}
