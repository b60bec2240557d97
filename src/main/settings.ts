// Reads the settings: the environment over `.env` over the defaults. The list of them is `settings-list.ts`.
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { SettingReport, Settings } from '../cli/command.ts'
import { PlannedError } from '../kernel/errors.ts'
import { parseDay } from '../kernel/window.ts'
import type { Project } from '../lifecycle/project.ts'
import type { Dotenv } from './dotenv.ts'
import { hasPlaceholder, isWebAddress, type Setting, type Values } from './setting.ts'
import { SETTINGS, TIME_SETTING } from './settings-list.ts'

/** The folder of package.json: `.env` and the default home lie here, whatever the working directory. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Where settings come from, and whose they are. */
export interface SettingSources {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly dotenv: Dotenv
  readonly project: Project
  /** The default project takes the plain names; another one only those that begin with its own. */
  readonly isDefault: boolean
}

/**
 * What the settings come to; an empty value is an absent one.
 * Throws `BAD_INPUT` that names every setting that is wrong, with its value and what is allowed.
 */
export function readSettings(sources: SettingSources): Settings {
  const readings = readAll(sources)
  const faults = readings.flatMap(({ fault }) => fault ?? [])
  if (faults.length > 0) {
    const what = faults.length === 1 ? 'a setting is' : `${faults.length} settings are`
    throw new PlannedError('BAD_INPUT', `${what} wrong (environment or .env):\n  ${faults.join('\n  ')}`, {
      next: './understudy doctor shows where each value comes from, and the line to change',
    })
  }
  const texts = new Map(readings.map(({ setting, value }) => [setting.name, value]))
  return settingsOf((name) => texts.get(name) ?? '')
}

function settingsOf(text: Values): Settings {
  const target = z.enum(['local', 'gcs', 'mlflow']).parse(text('MODEL_TARGET'))
  const home = folder(text('UNDERSTUDY_HOME'))
  return {
    size: text('DATA_SIZE'),
    target,
    evaluationStartMs: parseDay(text('EVALUATION_START_DATE')),
    databasePath: databasePath(target, text('MLFLOW_TRACKING_URI'), home),
    server: serverOf(target, text),
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
    trainerSettings: text('TRAINER_SETTINGS'),
    tuneTrials: Number(text('TUNE_TRIALS')),
    seed: Number(text('SEED')),
    timeReading: z.enum(['utc', 'local']).parse(text(TIME_SETTING)),
    artifacts: text('ARTIFACTS') === '' ? join(home, 'artifacts') : folder(text('ARTIFACTS')),
    chat:
      text('NOTIFY_CHAT_URL') === ''
        ? null
        : { url: text('NOTIFY_CHAT_URL'), channel: text('NOTIFY_CHANNEL'), author: text('NOTIFY_AUTHOR') },
  }
}

/** The file of the tracking database; with a server, the one that the home would have without it. */
function databasePath(target: Settings['target'], uri: string, home: string): string {
  return target === 'mlflow' && uri.startsWith('sqlite:')
    ? folder(uri.slice('sqlite:///'.length))
    : join(home, 'mlflow.db')
}

function serverOf(target: Settings['target'], text: Values): Settings['server'] {
  const uri = text('MLFLOW_TRACKING_URI')
  if (target !== 'mlflow' || !isWebAddress(uri)) return null
  const given = (name: string): string | null => (text(name) === '' ? null : text(name))
  return {
    uri,
    username: given('MLFLOW_TRACKING_USERNAME'),
    password: given('MLFLOW_TRACKING_PASSWORD'),
    token: given('MLFLOW_TRACKING_TOKEN'),
  }
}

/** A path from the folder of package.json; `~/` is the person's own, as a shell would have it. */
function folder(text: string): string {
  return resolve(ROOT, text.startsWith('~/') ? join(homedir(), text.slice(2)) : text)
}

/** Every setting with its value, where it came from and what is wrong with it. */
export function reportSettings(sources: SettingSources): readonly SettingReport[] {
  const { environment, dotenv, project } = sources
  return readAll(sources).map(({ setting, variable, source, value, written, isUsed, fault }) => {
    const inFile = dotenv.values[variable]?.trim() ?? ''
    return {
      name: setting.name,
      variable,
      value: shown(setting, value),
      source,
      line: dotenv.lines[variable] ?? null,
      overruled: environment[variable] && inFile !== '' && inFile !== written ? shown(setting, inFile) : null,
      placeholder: written !== value && hasPlaceholder(written) ? written : null,
      isUsed,
      fault,
      allowed: setting.allowed(project),
      meaning: setting.meaning,
      remedy: setting.example ?? setting.fallback(project),
    }
  })
}

/** What the names of a project's own settings begin with: `MY_MODEL__`. */
export function prefixOf(projectName: string): string {
  return `${projectName.toUpperCase().replaceAll('-', '_')}__`
}

/** A setting as it was found. */
interface Reading {
  readonly setting: Setting
  /** The name it goes by for this project. */
  readonly variable: string
  readonly source: SettingReport['source']
  readonly written: string
  /** What holds: what is written, or the default where that is nothing or a placeholder that nobody needs filled in. */
  readonly value: string
  readonly isUsed: boolean
  readonly fault: string | null
}

function readAll(sources: SettingSources): readonly Reading[] {
  const found = new Map(SETTINGS.map((setting) => [setting.name, find(setting, sources)]))
  const values: Values = (name) => found.get(name)?.written ?? ''
  return SETTINGS.map((setting) => {
    const { variable, source, written } = found.get(setting.name)! // made from the same list
    const choice = setting.usedBy === undefined ? 'everything' : setting.usedBy(values)
    const filler = setting.filledFor === undefined ? choice : setting.filledFor(values)
    const isUnfilled = hasPlaceholder(written) && filler === null && setting.isSecret !== true
    const value = isUnfilled ? setting.fallback(sources.project) : written
    const fault = choice === null ? null : faultOf({ setting, variable, value, choice, filler }, sources.project)
    return { setting, variable, source, written, value, isUsed: choice !== null && setting.group !== 'unused', fault }
  })
}

/** The environment wins over `.env`; in either, the project's own name wins over the plain one. */
function find(setting: Setting, { environment, dotenv, project, isDefault }: SettingSources) {
  const own = `${prefixOf(project.name)}${setting.name}`
  const names = setting.scope === 'shared' ? [setting.name] : isDefault ? [own, setting.name] : [own]
  for (const [source, texts] of [
    ['environment', environment],
    ['.env', dotenv.values],
  ] as const) {
    for (const variable of names) {
      const written = texts[variable]?.trim() ?? ''
      if (written !== '') return { variable, source, written }
    }
  }
  const variable = names.at(-1) ?? setting.name
  return { variable, source: 'default' as const, written: setting.fallback(project) }
}

function faultOf(
  found: { setting: Setting; variable: string; value: string; choice: string; filler: string | null },
  project: Project,
): string | null {
  const { setting, variable, value, choice, filler } = found
  const allowed = `allowed: ${setting.allowed(project)}`
  const is = `${variable} is ${value === '' ? 'empty' : setting.isSecret === true ? 'not shown' : `"${withoutPassword(value)}"`}`
  if (hasPlaceholder(value) && setting.isSecret !== true) {
    return `${is}, a placeholder that must be filled in${filler === 'everything' ? '' : ` for ${filler}`}; ${allowed}`
  }
  if (setting.required === true && value === '') return `${is}, and ${choice} needs it; ${allowed}`
  if (!setting.check(value, project)) return `${is}; ${allowed}`
  const later = setting.later?.(value, variable) ?? null
  return later === null ? null : `${is}: ${later}`
}

/** A value as it may be shown. */
function shown({ isSecret }: Setting, text: string): string {
  return isSecret === true && text !== '' ? '(set; not shown)' : withoutPassword(text)
}

/** An address as it may be shown. */
function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^:/@\s]*):[^@/\s]*@/, '$1:…@')
}
