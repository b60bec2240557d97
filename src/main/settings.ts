// Every setting: its default, what is allowed, what it means. `.env.sample` and the README's table are made from this list.
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { SettingReport, Settings } from '../cli/command.ts'
import { PlannedError } from '../kernel/errors.ts'
import { parseDay } from '../kernel/window.ts'
import type { Project } from '../lifecycle/project.ts'

/** The folder of package.json: `.env` and the default home lie here, whatever the working directory. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Read before all others, because the rest depend on it. */
export const PROJECT_SETTING = 'UNDERSTUDY_PROJECT'
export const DEFAULT_PROJECT = 'taxifare/project.ts'

interface Setting {
  readonly name: string
  /** What holds when nothing is set; text, as it would stand in `.env`. */
  readonly fallback: (project: Project) => string
  /** What may stand there, in words, for the error message and the docs. */
  readonly allowed: (project: Project) => string
  readonly meaning: string
  readonly check: (text: string, project: Project) => boolean
}

const oneOf = (...values: readonly string[]) => ({
  allowed: () => values.join(', '),
  check: (text: string) => values.includes(text),
})
const isDay = (text: string): boolean => {
  try {
    return parseDay(text) > 0
  } catch {
    return false
  }
}
const modelName = /^[A-Za-z0-9][\w.-]{0,199}$/
const name = { allowed: () => '1 to 200 letters, digits, _, . or -', check: (text: string) => modelName.test(text) }

const SETTINGS: readonly Setting[] = [
  {
    name: 'DATA_SIZE',
    fallback: (project) => project.defaultSize,
    allowed: (project) => project.sizes.join(', '),
    meaning: 'which raw table is used, and its processed one',
    check: (text, project) => project.sizes.includes(text),
  },
  {
    name: 'MODEL_TARGET',
    fallback: () => 'local',
    ...oneOf('local', 'gcs', 'mlflow'),
    meaning:
      "local: runs and models in the home, with copies of the recipe's files; mlflow: the same store, at MLFLOW_TRACKING_URI",
  },
  {
    name: 'EVALUATION_START_DATE',
    fallback: (project) => project.defaultEvaluationStart,
    allowed: () => 'a date, YYYY-MM-DD',
    meaning: 'first day of the month that a cycle treats as fresh',
    check: isDay,
  },
  {
    name: 'MLFLOW_TRACKING_URI',
    fallback: () => '',
    allowed: () => 'empty, or sqlite:///path/to/file.db',
    meaning: 'where MODEL_TARGET=mlflow keeps runs and models; empty is the home',
    check: () => true, // an http address may stand there unused; the target that needs it looks closer
  },
  {
    name: 'MLFLOW_EXPERIMENT',
    fallback: (project) => `${project.name}_experiment`,
    ...name,
    meaning: 'the experiment that runs are filed under',
  },
  {
    name: 'MLFLOW_MODEL_NAME',
    fallback: (project) => project.name,
    ...name,
    meaning: 'the registered model',
  },
  {
    name: 'UNDERSTUDY_HOME',
    fallback: () => '.understudy',
    allowed: () => 'a folder; a relative one is taken from the project folder',
    meaning: 'where everything is kept',
    check: () => true,
  },
  {
    name: PROJECT_SETTING,
    fallback: () => DEFAULT_PROJECT,
    allowed: () => 'a TypeScript file that exports "project"; a relative path is taken from the project folder',
    meaning: 'the definition of the model that is kept',
    check: () => true, // it was loaded before this is read
  },
  {
    name: 'GATE_THRESHOLD',
    fallback: (project) => String(project.defaultThreshold),
    allowed: () => 'a number above 0',
    meaning: "largest error that is good enough, in the metric's unit",
    check: (text) => /^\d+(\.\d+)?$/.test(text) && Number(text) > 0,
  },
  {
    name: 'GATE_RULE',
    fallback: () => 'point',
    ...oneOf('point', 'significant'),
    meaning: 'point: a lower error promotes; significant: only one whose 95 % interval says so',
  },
  {
    name: 'FIRST_CHAMPION',
    fallback: () => 'accept',
    ...oneOf('accept', 'ask'),
    meaning: 'whether the first model goes to Production by itself, or waits for a person',
  },
  {
    name: 'TRAINERS',
    fallback: () => 'mlp',
    allowed: () => 'one or more of mlp, linear, each once, separated by commas',
    meaning: 'what learns; the better on the early-stop rows becomes the challenger',
    check: (text) => {
      const parts = text.split(',').map((part) => part.trim())
      return parts.every((part) => ['mlp', 'linear'].includes(part)) && new Set(parts).size === parts.length
    },
  },
  {
    name: 'TRAIN_WINDOW',
    fallback: () => '',
    allowed: () => 'month, history, or empty (month for mlp, history for the others)',
    meaning:
      "what a challenger learns: the month's fit rows, starting from the champion, or all rows before them too, starting cold",
    check: (text) => ['', 'month', 'history'].includes(text),
  },
  {
    name: 'REFIT',
    fallback: () => 'off',
    ...oneOf('off', 'on'),
    meaning: 'whether a promoted challenger learns the whole month once more before it serves',
  },
  {
    name: 'SEED',
    fallback: () => '0',
    allowed: () => 'a whole number from 0 to 2147483647',
    meaning: 'seed of every random choice in training',
    check: (text) => /^\d{1,10}$/.test(text) && Number(text) <= 2_147_483_647,
  },
  {
    name: 'PICKUP_TIMES',
    fallback: () => 'utc',
    ...oneOf('utc', 'local'),
    meaning:
      "utc: times are converted to the place's clock, as the recipe does; local: they are the place's clock already",
  },
]

export const SETTING_NAMES: readonly string[] = SETTINGS.map(({ name }) => name)

/**
 * Reads the settings: the environment over `.env` over the defaults; an empty value is an absent one.
 * Throws `BAD_INPUT` that names every setting that is wrong, with its value and what is allowed.
 */
export function readSettings(
  environment: Readonly<Record<string, string | undefined>>,
  dotenv: Readonly<Record<string, string | undefined>>,
  project: Project,
): Settings {
  const reports = reportSettings(environment, dotenv, project)
  const faults = reports.flatMap((report) => report.fault ?? [])
  const texts = Object.fromEntries(reports.map((report) => [report.name, report.value]))
  if (faults.length > 0) {
    throw new PlannedError(
      'BAD_INPUT',
      `${faults.length === 1 ? 'a setting is' : 'settings are'} wrong (environment or .env):\n  ${faults.join('\n  ')}`,
    )
  }
  const text = (key: string): string => texts[key] ?? ''
  const target = z.enum(['local', 'gcs', 'mlflow']).parse(text('MODEL_TARGET'))
  const home = resolve(ROOT, text('UNDERSTUDY_HOME'))
  return {
    size: text('DATA_SIZE'),
    target,
    evaluationStartMs: parseDay(text('EVALUATION_START_DATE')),
    databasePath: databasePath(target, text('MLFLOW_TRACKING_URI'), home),
    experiment: text('MLFLOW_EXPERIMENT'),
    model: text('MLFLOW_MODEL_NAME'),
    home,
    threshold: Number(text('GATE_THRESHOLD')),
    rule: z.enum(['point', 'significant']).parse(text('GATE_RULE')),
    firstChampion: z.enum(['accept', 'ask']).parse(text('FIRST_CHAMPION')),
    trainers: text('TRAINERS')
      .split(',')
      .map((part) => part.trim()),
    trainWindow: z
      .enum(['month', 'history'])
      .nullable()
      .parse(text('TRAIN_WINDOW') || null),
    refit: text('REFIT') === 'on',
    seed: Number(text('SEED')),
    timeReading: z.enum(['utc', 'local']).parse(text('PICKUP_TIMES')),
    artifacts: join(home, 'artifacts'),
    chat: null,
  }
}

/** Every setting with its value, where it came from and what is wrong with it. */
export function reportSettings(
  environment: Readonly<Record<string, string | undefined>>,
  dotenv: Readonly<Record<string, string | undefined>>,
  project: Project,
): readonly SettingReport[] {
  return SETTINGS.map((setting) => {
    const source = environment[setting.name] ? 'environment' : dotenv[setting.name] ? '.env' : 'default'
    const value = (environment[setting.name] || dotenv[setting.name] || setting.fallback(project)).trim()
    const fault = setting.check(value, project)
      ? null
      : `${setting.name} is "${value}"; allowed: ${setting.allowed(project)}`
    return { name: setting.name, value, source, fault, meaning: setting.meaning }
  })
}

/** The file of the tracking database. Throws `BAD_INPUT` for a store that this version cannot use. */
function databasePath(target: Settings['target'], uri: string, home: string): string {
  const own = join(home, 'mlflow.db')
  if (target === 'gcs') {
    throw new PlannedError(
      'BAD_INPUT',
      'MODEL_TARGET is "gcs": this version keeps models on disk only; set MODEL_TARGET=local or mlflow in .env',
    )
  }
  if (target === 'local' || uri === '') return own
  if (uri.startsWith('sqlite:///') && uri.length > 'sqlite:///'.length)
    return resolve(ROOT, uri.slice('sqlite:///'.length))
  throw new PlannedError(
    'BAD_INPUT',
    `MLFLOW_TRACKING_URI is "${uri}": this version keeps runs in a file; set it empty or to sqlite:///path/to/file.db, or set MODEL_TARGET=local`,
  )
}

/** The text of `.env.sample`: every setting with its meaning, what is allowed, and its default. */
export function sampleEnvironment(project: Project): string {
  const blocks = SETTINGS.map(
    (setting) =>
      `# ${setting.meaning}\n# allowed: ${setting.allowed(project)}\n${setting.name}=${setting.fallback(project)}\n`,
  )
  return `# Copy to .env and change what you like. The environment wins over .env, .env over these defaults.\n\n${blocks.join('\n')}`
}

/** The README's table of settings, in Markdown. */
export function settingsTable(project: Project): string {
  const rows = SETTINGS.map((setting) => {
    const fallback = setting.fallback(project)
    return `| \`${setting.name}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${setting.allowed(project)} | ${setting.meaning} |`
  })
  return ['| setting | default | allowed | meaning |', '| --- | --- | --- | --- |', ...rows].join('\n')
}
