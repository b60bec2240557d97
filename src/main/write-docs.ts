// Writes what is made from the settings: `.env.sample`, and the tables in the README. Run by `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeTable } from '../cli/help.ts'
import { loadProject } from './load-project.ts'
import { resolveProject } from './projects.ts'
import { ROOT } from './settings.ts'
import { sampleEnvironment, settingsTable } from './settings-docs.ts'
import { DEFAULT_PROJECT } from './settings-list.ts'

const project = await loadProject(await resolveProject(ROOT, DEFAULT_PROJECT, 'write-docs'))
writeFileSync(join(ROOT, '.env.sample'), sampleEnvironment(project))
const readme = join(ROOT, 'README.md')
const text = readFileSync(readme, 'utf8')
writeFileSync(readme, filled(filled(text, 'settings', settingsTable(project)), 'exit codes', exitCodeTable()))

/** A text with the lines between two marks replaced. */
function filled(text: string, name: string, lines: string): string {
  const block = new RegExp(`(?<=<!-- ${name} -->\\n)[\\s\\S]*?(?=<!-- end of ${name} -->)`)
  if (!block.test(text)) throw new Error(`README.md has no place for its ${name}`)
  return text.replace(block, () => `${lines}\n`)
}
