// What is made from the list of settings: `.env.sample`, and the README's tables.
import type { Project } from '../lifecycle/project.ts'
import { GROUPS, type Setting } from './setting.ts'
import { DOTENV_VARIABLE, SETTINGS } from './settings-list.ts'

const EACH_MODELS_OWN =
  'Those with a * are of one model: they set the default project (UNDERSTUDY_PROJECT). Another project takes them with its name before them, in capitals and with two underscores'

/** The text of `.env.sample`: every setting with its meaning, what is allowed, and its default. */
export function sampleEnvironment(project: Project): string {
  const blocks = grouped().map(({ title, settings }) =>
    [`# ---- ${title} ----`, ...settings.map((setting) => sampleOf(setting, project))].join('\n\n'),
  )
  return [
    '# Copy to .env and change what you like. The environment wins over .env, .env over these defaults; empty is as good as absent.',
    `# ${EACH_MODELS_OWN}: MY_MODEL__SEED=1.`,
    `# ${DOTENV_VARIABLE} in the environment names another file than .env.`,
    '',
    `${blocks.join('\n\n')}\n`,
  ].join('\n')
}

function sampleOf(setting: Setting, project: Project): string {
  const star = setting.scope === 'model' ? '* ' : ''
  return `# ${star}${setting.meaning}\n# allowed: ${setting.allowed(project)}\n${setting.name}=${setting.fallback(project)}`
}

/** The README's tables of settings, in Markdown: one for each group. */
export function settingsTable(project: Project): string {
  const tables = grouped().map(({ title, settings }) => {
    const rows = settings.map((setting) => {
      const fallback = setting.fallback(project)
      const star = setting.scope === 'model' ? ' *' : ''
      return `| \`${setting.name}\`${star} | ${fallback === '' ? '' : `\`${fallback}\``} | ${setting.allowed(project)} | ${setting.meaning} |`
    })
    return [`**${title}**`, '', '| setting | default | allowed | meaning |', '| --- | --- | --- | --- |', ...rows].join(
      '\n',
    )
  })
  return [
    `${EACH_MODELS_OWN}: \`MY_MODEL__SEED=1\`. \`${DOTENV_VARIABLE}\` in the environment names another file than \`.env\`.`,
    ...tables,
  ].join('\n\n')
}

function grouped(): readonly { title: string; settings: readonly Setting[] }[] {
  return Object.entries(GROUPS).map(([group, title]) => ({
    title,
    settings: SETTINGS.filter((setting) => setting.group === group),
  }))
}
