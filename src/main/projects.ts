// Which projects there are, and which one a name or a path means.
import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { PlannedError } from '../kernel/errors.ts'

const DEFINITION = 'project.ts'

/** A project by the name of its folder, and the path of its definition. */
export interface ProjectPlace {
  readonly name: string
  readonly path: string
}

/** The projects in a folder, and those at further paths, by name. */
export async function findProjects(root: string, further: readonly string[] = []): Promise<readonly ProjectPlace[]> {
  const entries = await readdir(root, { withFileTypes: true })
  const beside = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(root, name, DEFINITION))
    .filter((path) => existsSync(path))
  return [...new Set([...beside, ...further])]
    .map((path) => ({ name: nameOf(path), path }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

function nameOf(path: string): string {
  return basename(path) === DEFINITION ? basename(dirname(path)) : basename(path, '.ts')
}

/**
 * The definition that a text means: the name of a folder beside package.json, or a path to a folder or a file, taken from there or else
 * from the working directory. `namedBy` says who asks for it. Throws `NOT_FOUND` with the projects there are.
 */
export async function resolveProject(root: string, text: string, namedBy: string): Promise<string> {
  const places = [resolve(root, text), resolve(text)]
  const found = places.map(definitionAt).find((path) => path !== null)
  if (found !== undefined && found !== null) return found
  const folder = places.find((path) => existsSync(path))
  const names = (await findProjects(root)).map(({ name }) => name)
  const make = /^[a-z][a-z0-9_-]*$/.test(text) && folder === undefined ? `, or make it: ./understudy init ${text}` : ''
  throw new PlannedError('NOT_FOUND', `there is no project "${text}"`, {
    why: folder === undefined ? `there are ${names.join(', ')}` : `the folder ${folder} has no ${DEFINITION}`,
    next: `name one of ${names.join(', ')} with ${namedBy}${make}`,
  })
}

/** What `--project` takes for a place: its name where that finds it, its path elsewhere, as short as can be. */
export function optionFor(root: string, { name, path }: ProjectPlace): string {
  if (definitionAt(resolve(root, name)) === path) return name
  const inside = relative(root, path)
  return inside.startsWith('..') || isAbsolute(inside) ? path : inside
}

function definitionAt(path: string): string | null {
  const there = statSync(path, { throwIfNoEntry: false })
  if (there === undefined) return null
  if (!there.isDirectory()) return path
  return existsSync(join(path, DEFINITION)) ? join(path, DEFINITION) : null
}
