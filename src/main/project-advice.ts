// Advice names commands as they are typed for the default project; where another was named, it has to be named again.
import type { Terminal } from '../cli/terminal.ts'
import { prefixOf } from './settings.ts'
import { SETTINGS } from './settings-list.ts'

/** A terminal that names the project in every command it advises. JSON is left as it is. */
export function advisingFor(project: string, terminal: Terminal): Terminal {
  if (terminal.json) return terminal
  const name = (text: string): string => namingProject(text, project)
  return {
    ...terminal,
    out: (text) => terminal.out(name(text)),
    note: (text) => terminal.note(name(text)),
    warn: (text) => terminal.warn(name(text)),
  }
}

/**
 * A text with `--project` in its commands, and with a setting before one under the project's own name for it.
 *
 * @example namingProject('next: ./understudy history', 'demo') // => 'next: ./understudy --project demo history'
 * @example namingProject('EVALUATION_START_DATE=2025-02-01 make run_workflow', 'demo') // => './understudy --project demo cycle --month 2025-02'
 * @example namingProject('DATA_SIZE=large ./understudy replay', 'demo') // => 'DEMO__DATA_SIZE=large ./understudy --project demo replay'
 */
export function namingProject(text: string, project: string): string {
  const option = `--project ${/^[\w./-]+$/.test(project) ? project : `'${project}'`}`
  const own = SETTINGS.filter(({ scope }) => scope === 'model').map((setting) => setting.name)
  const folder = project.replace(/\/project\.ts$/, '').replace(/^.*\//, '')
  return text
    .split('\n')
    .map((line) =>
      line.includes('--project')
        ? line
        : line
            .replace(/EVALUATION_START_DATE=(\d{4}-\d{2})-01 make run_workflow/g, './understudy cycle --month $1')
            .replace(/\b([A-Z_]+)=(?=\S* \.\/understudy )/g, (all, setting: string) =>
              own.includes(setting) ? `${prefixOf(folder)}${all}` : all,
            )
            .replace(/\.\/understudy (?!init\b)(?=[a-z])/g, `./understudy ${option} `),
    )
    .join('\n')
}
