// `init`: a project folder that runs as it stands, made from the templates.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { fileError } from '../../kernel/disk.ts'
import { messageOf, PlannedError } from '../../kernel/errors.ts'
import { defineCommand } from '../command.ts'
import type { Terminal } from '../terminal.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const TEMPLATES = join(ROOT, 'templates', 'project')
/** What the templates have in place of this project's name, and of the way to the sources: they are written two folders below the root. */
const PLACES = /'\.\.\/\.\.\/src\/|(--project |UNDERSTUDY_PROJECT=)my-model|my-model|my_model|MY_MODEL/g

/** Short enough for every table that will bear it. */
const NAME = /^[a-z][a-z0-9_-]{0,30}$/
/** Folders that a checkout has at other times. */
const RESERVED = ['coverage', 'node_modules', 'tmp', 'web']

const Args = z.object({
  name: z.string().regex(NAME, { error: 'a name is 1 to 31 of a-z, 0-9, _ and -, starting with a letter' }),
  dir: z.string().optional(),
})

/** `understudy init my-model` */
export const initCommand = defineCommand({
  name: 'init',
  example: 'init my-model',
  summary: 'make a folder with a further model to keep; it runs as it stands',
  positional: [['<name>', 'what the new model is called: small letters, digits and -']],
  options: [['--dir <folder>', 'make it in this folder (default: beside package.json)']],
  args: Args,
  runAlone: init, // a setting that is wrong, or a project that does not load yet, must not stand in its way
  run: async (args, { terminal }) => init(args, terminal),
})

function init({ name, dir }: z.infer<typeof Args>, terminal: Terminal): void {
  const place = dir === undefined ? ROOT : resolve(dir)
  const folder = join(place, name)
  refuseTaken(name, place, folder)
  const isOutside = relative(ROOT, folder).startsWith('..') // where no package.json of ours says what kind of modules these are
  const known = isOutside ? folder : relative(ROOT, folder)
  const texts = readdirSync(TEMPLATES).map(
    (file) => [file, fill(readFileSync(join(TEMPLATES, file), 'utf8'), { name, folder, known })] as const,
  )
  if (isOutside) texts.push(['package.json', '{ "private": true, "type": "module" }\n'])
  const files = texts.map(([file]) => file)
  write(folder, texts)
  const next = [`./understudy cycle --project ${known}`, `./understudy replay --project ${known}`]
  const result = JSON.stringify({ name, folder, files, next })
  const words = [
    `✅ ${name} is a project in ${folder}: ${files.join(', ')}`,
    '',
    'It runs as it stands, on rows that it makes up. What to type next:',
    `  ${next[0]}   (its first month: train, compare, decide)`,
    `  ${next[1]}   (all its months, beside the real model)`,
    'then make it yours: the lines marked CHANGE in project.ts and features.ts',
  ]
  terminal.out(terminal.json ? result : words.join('\n'))
}

/** Throws `NOT_FOUND` if the place is none, `CONFLICT` for a folder that is there, or a name whose tables and settings another project has. */
function refuseTaken(name: string, place: string, folder: string): void {
  const other = { next: 'choose another name: ./understudy init NAME' }
  if (!existsSync(place)) {
    throw new PlannedError('NOT_FOUND', `there is no folder ${place}`, {
      next: 'make it first, or name another: --dir FOLDER',
    })
  }
  if (existsSync(folder)) throw new PlannedError('CONFLICT', `${folder} is there already`, other)
  if (RESERVED.includes(name)) throw new PlannedError('CONFLICT', `"${name}" is a folder of Understudy itself`, other)
  const alike = name.replaceAll('-', '_')
  const twin = readdirSync(place).find((entry) => entry.replaceAll('-', '_') === alike)
  if (twin === undefined) return
  throw new PlannedError('CONFLICT', `"${name}" is too like ${twin}, which is there already`, {
    why: `both would have the tables ${alike}_… and the settings ${alike.toUpperCase()}__…`,
    ...other,
  })
}

/** A template for this name, its imports taken from where it will lie; `known` is what commands call it. */
function fill(text: string, { name, folder, known }: Readonly<Record<'name' | 'folder' | 'known', string>>): string {
  const root = relative(folder, ROOT).replaceAll('\\', '/')
  const identifier = name.replaceAll('-', '_')
  // In one pass: what is put in may itself look like what is replaced.
  return text.replace(PLACES, (found, before: string | undefined) => {
    if (found.startsWith("'")) return `'${root}/src/`
    if (before !== undefined) return `${before}${known}`
    return found === 'my-model' ? name : found === 'my_model' ? identifier : identifier.toUpperCase()
  })
}

/** The folder with all of its files, or nothing. Throws what the disk refuses. */
function write(folder: string, texts: readonly (readonly [file: string, text: string])[]): void {
  const partial = `${folder}.${process.pid}`
  try {
    mkdirSync(partial)
    for (const [file, text] of texts) writeFileSync(join(partial, file), text)
    renameSync(partial, folder)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    throw (
      fileError(error, folder) ??
      new PlannedError('BAD_INPUT', `${folder} cannot be made`, {
        why: messageOf(error),
        next: 'choose another place: ./understudy init NAME --dir FOLDER',
        cause: error,
      })
    )
  }
}
