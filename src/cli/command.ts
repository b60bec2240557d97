// What a command is: a value with a name, its words, and a function that prints through a terminal and never exits.
import type { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import { closest } from '../kernel/spelling.ts'
import type { Project } from '../lifecycle/project.ts'
import type { ReadParquet } from '../lifecycle/request-table.ts'
import type { LifecycleRooms } from '../lifecycle/rooms.ts'
import type { ServerAddress } from '../tracking/rest-address.ts'
import type { Terminal } from './terminal.ts'

/** The settings as the commands use them; read and checked by `main/`. */
export interface Settings {
  readonly size: string
  readonly target: 'local' | 'gcs' | 'mlflow'
  readonly evaluationStartMs: number
  readonly databasePath: string
  /** The MLflow server that runs and models are kept on, in place of that file; null where there is none. */
  readonly server: ServerAddress | null
  readonly experiment: string
  readonly model: string
  readonly home: string
  readonly threshold: number
  readonly rule: 'point' | 'significant'
  readonly firstChampion: 'accept' | 'ask'
  readonly trainers: readonly string[]
  readonly trainWindow: 'month' | 'history' | null
  readonly refit: boolean
  /** Settings of trainers in place of their own, as they were written. */
  readonly trainerSettings: string
  /** How many settings of each trainer a cycle tries; 0 for none. */
  readonly tuneTrials: number
  readonly seed: number
  readonly timeReading: 'utc' | 'local'
  /** The folder of models and other files of runs. */
  readonly artifacts: string
  /** The recipe's chat, told of every outcome; null where none is set. */
  readonly chat: { readonly url: string; readonly channel: string; readonly author: string } | null
}

/** A setting as it stands for this project: its value, where that came from, what is wrong with it. For `doctor`. */
export interface SettingReport {
  readonly name: string
  /** The name it was, or would be, written under: `MY_MODEL__SEED`, or the name itself. */
  readonly variable: string
  /** What holds; a password in an address is left out. */
  readonly value: string
  readonly source: 'environment' | '.env' | 'default'
  /** The line of `.env` that sets `variable`, from 1; null where none does. */
  readonly line: number | null
  /** What `.env` says, where the environment says something else and wins. */
  readonly overruled: string | null
  /** What still waits to be filled in, where nothing needs it and the default holds. */
  readonly placeholder: string | null
  /** Whether the choices that were made use it. */
  readonly isUsed: boolean
  readonly fault: string | null
  readonly allowed: string
  readonly meaning: string
  /** A value that would be right: the default, or an example where the default is nothing. */
  readonly remedy: string
}

/** A database of the home, read through. */
export interface DatabaseReport {
  readonly path: string
  readonly faults: readonly string[]
  /** The moves whose seals hold; null for a database without a history. */
  readonly moves: number | null
  /** What to do about a fault. */
  readonly cure: string
}

/** What `server` may be told; what it means stands with the command. */
export interface ServeOptions {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly backendStoreUri?: string | undefined
  readonly defaultArtifactRoot?: string | undefined
  readonly artifactsDestination?: string | undefined
  readonly allowedHosts?: readonly string[] | undefined
  readonly corsAllowedOrigins?: readonly string[] | undefined
  readonly insecure: boolean
}

interface RoomsOptions {
  /** Whether notices that wait from earlier commands are sent meanwhile. True if absent. */
  readonly sendsNotices?: boolean
}

export interface CommandContext {
  readonly terminal: Terminal
  readonly project: Project
  /** Who is at the keyboard, as far as the machine knows. */
  readonly user: string
  /** Throws `BAD_INPUT` if any setting is wrong. */
  readonly settings: () => Settings
  /** Opens the stores on first use. */
  readonly rooms: (options?: RoomsOptions) => Promise<LifecycleRooms>
  /** Closes what `rooms` opened, before its files are moved or removed; they are opened again on the next use. */
  readonly closeRooms: () => Promise<void>
  readonly settingReports: () => readonly SettingReport[]
  /** Asks the server that runs and models are kept on who it is; null where there is none. Throws what keeps it from being used. */
  readonly server: () => Promise<{
    readonly address: string
    readonly version: string
    readonly artifacts: string
  } | null>
  /** Reads the databases of the home through; those that are there. */
  readonly databases: () => Promise<readonly DatabaseReport[]>
  /**
   * The projects beside package.json, and the default one wherever it lies. `path` is that of the definition, `option` what a command
   * needs to work with it: ` --project NAME`, nothing for the default one.
   */
  readonly projects: () => Promise<readonly { name: string; path: string; option: string }[]>
  /** Another project's definition, with the settings that hold for it. Throws `BAD_INPUT` if either is wrong. */
  readonly settingsOf: (path: string) => Promise<{ project: Project; settings: Settings }>
  /** Starts the HTTP server; it stops, with everything under way answered, when disposed of. */
  readonly serve: (options: ServeOptions) => Promise<{ readonly address: string } & AsyncDisposable>
  /** Reads a Parquet file of requests. */
  readonly readParquet: ReadParquet<string>
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}

export interface Command<Args = unknown> {
  /** Words as typed; two of them for a sub-command: `data import`. */
  readonly name: string
  readonly summary: string
  /** A line to type, without `./understudy`; `--help` shows it. */
  readonly example: string
  /** Positional arguments in commander's form, `<file>`, `[version]`, with their meaning. */
  readonly positional?: readonly (readonly [name: string, meaning: string])[]
  /** Options in commander's form, with their meaning; that of one that must be given ends with "(required)". */
  readonly options?: readonly (readonly [flags: string, meaning: string, fallback?: string])[]
  /** Options of the program whose place this takes, that it has not, with what to do instead. */
  readonly foreignOptions?: Readonly<Record<string, string>>
  /** What is said on Ctrl-C. Absent for a command that goes on from there when it is run again. */
  readonly stopping?: string
  /** Parses positional arguments (by name) and options (camel-cased) together. */
  readonly args: z.ZodType<Args>
  run(args: Args, context: CommandContext): Promise<void>
  /** In place of `run`, for a command that works with nothing: neither project nor settings are read, and may be wrong. */
  readonly runAlone?: (args: Args, terminal: Terminal) => void
}

/**
 * Keeps the argument type of a command where it is written, and forgets it in the list of all commands. What was typed is checked before
 * it runs: `BAD_INPUT` names each argument that is wrong.
 */
export function defineCommand<Args>(command: Command<Args>): Command {
  const { runAlone } = command
  return {
    ...command,
    run: async (typed, context) => await command.run(checked(command, typed), context),
    ...(runAlone === undefined
      ? {}
      : { runAlone: (typed: unknown, terminal: Terminal) => runAlone(checked(command, typed), terminal) }),
  } as Command // exact optional properties: `runAlone` is there with a function, or not there
}

function checked<Args>(command: Command<Args>, typed: unknown): Args {
  const { success, data, error } = command.args.safeParse(typed)
  if (success) return data
  const faults = error.issues.map((issue) => faultOf(command, typed, issue))
  const meant = faults.flatMap((fault) => fault.meant ?? [])
  throw new PlannedError('BAD_INPUT', `./understudy ${command.name}: ${faults.map(({ what }) => what).join(', ')}`, {
    why: faults.map(({ why }) => why).join('; '),
    next: `${meant.length === 0 ? '' : `did you mean ${meant.join(', ')}; `}${advice(command)}`,
  })
}

/** One argument that is wrong: as it was typed, what it has to be, and what it may have been meant to be. */
function faultOf(command: Pick<Command, 'positional'>, typed: unknown, issue: z.core.$ZodIssue): Fault {
  const key = String(issue.path[0] ?? '')
  const isPositional = (command.positional ?? []).some(([argument]) => argument.replace(/[<>[\].]/g, '') === key)
  const shown = isPositional ? `<${key}>` : `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
  const value: unknown = typeof typed === 'object' && typed !== null ? Reflect.get(typed, key) : undefined
  const values = issue.code === 'invalid_value' ? issue.values.map(String) : []
  const isOwn = !/^(Invalid|Too|Unrecognized) /.test(issue.message) // the command has its own words for it
  return {
    what: value === undefined ? `${shown} is missing` : `${shown} is "${value}"`,
    why: isOwn ? ownWords(shown, issue) : `${shown} ${requirementOf(issue)}`,
    meant: closest(String(value ?? ''), values),
  }
}

/** A command may leave out what it speaks of ("is promote or keep"), and a bound that its words do not say is added to them. */
function ownWords(shown: string, issue: z.core.$ZodIssue): string {
  const words = /^(is|has|must|needs) /.test(issue.message) ? `${shown} ${issue.message}` : issue.message
  const isWhole = issue.code === 'invalid_type' && issue.expected === 'int' && !words.includes('whole')
  const bound = issue.code === 'too_small' ? issue.minimum : issue.code === 'too_big' ? issue.maximum : null
  const isBound = bound !== null && 'origin' in issue && issue.origin !== 'string' && !words.includes(String(bound))
  return isWhole || isBound ? `${words}, and ${requirementOf(issue)}` : words
}

interface Fault {
  readonly what: string
  readonly why: string
  readonly meant: string | null
}

/** What an argument has to be, from what zod says of it. */
function requirementOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'too_small':
      if (issue.origin === 'string') return 'must not be empty'
      return `has to be ${issue.inclusive === true ? 'at least' : 'above'} ${issue.minimum}`
    case 'too_big':
      return `has to be ${issue.inclusive === true ? 'at most' : 'below'} ${issue.maximum}`
    case 'invalid_value':
      return `has to be one of ${issue.values.join(', ')}`
    case 'invalid_type':
      return `has to be ${issue.expected === 'int' ? 'a whole number' : `a ${issue.expected}`}`
    default:
      return `is not right: ${issue.message}`
  }
}

/** The way to a line that is right. */
export function advice(command: Pick<Command, 'name' | 'example'>): string {
  return `for example: ./understudy ${command.example}   (all options: ./understudy ${command.name} --help)`
}
