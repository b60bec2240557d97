// Writes what is made from the settings: `.env.sample`, and the tables in the README. Run by `npm run docs`.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadProject } from './load-project.ts'
import { resolveProject } from './projects.ts'
import { ROOT } from './settings.ts'
import { sampleEnvironment, settingsTable } from './settings-docs.ts'
import { DEFAULT_PROJECT } from './settings-list.ts'

const project = await loadProject(await resolveProject(ROOT, DEFAULT_PROJECT))
writeFileSync(join(ROOT, '.env.sample'), sampleEnvironment(project))
const readme = join(ROOT, 'README.md')
const text = readFileSync(readme, 'utf8')
const table = /(?<=<!-- settings -->\n)[\s\S]*?(?=<!-- end of settings -->)/
if (!table.test(text)) throw new Error('README.md has no table of settings to replace')
writeFileSync(
  readme,
  text.replace(table, () => `${settingsTable(project)}\n`),
)
