// What a command is: a value with a name, its words, and a function that prints through a terminal and never exits.
import type { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import type { Project } from '../lifecycle/project.ts'
import type { LifecycleRooms } from '../lifecycle/rooms.ts'
import type { Terminal } from './terminal.ts'

/** The settings as the commands use them; read and checked by `main/`. */
export interface Settings {
  readonly size: string
  readonly target: 'local' | 'gcs' | 'mlflow'
  readonly evaluationStartMs: number
  readonly databasePath: string
  readonly experiment: string
  readonly model: string
  readonly home: string
  readonly threshold: number
  readonly rule: 'point' | 'significant'
  readonly firstChampion: 'accept' | 'ask'
  readonly trainers: readonly string[]
  readonly trainWindow: 'month' | 'history' | null
  readonly refit: boolean
  readonly seed: number
  readonly timeReading: 'utc' | 'local'
  /** The folder of models and other files of runs. */
  readonly artifacts: string
  /** The recipe's chat, told of every outcome; null where none is set. */
  readonly chat: { readonly url: string; readonly channel: string; readonly author: string } | null
}

/** Where a setting's value came from; for `doctor`. */
export interface SettingReport {
  readonly name: string
  readonly value: string
  readonly source: 'environment' | '.env' | 'default'
  readonly fault: string | null
  readonly meaning: string
}

export interface CommandContext {
  readonly terminal: Terminal
  readonly project: Project
  /** Who is at the keyboard, as far as the machine knows. */
  readonly user: string
  /** Throws `BAD_INPUT` if any setting is wrong. */
  readonly settings: () => Settings
  /** Opens the stores on first use. */
  readonly rooms: () => Promise<LifecycleRooms>
  readonly settingReports: () => readonly SettingReport[]
  /** The projects beside package.json, and the default one wherever it lies; `path` is that of the definition. */
  readonly projects: () => Promise<readonly { name: string; path: string }[]>
  /** Another project's definition, with the settings that hold for it. Throws `BAD_INPUT` if either is wrong. */
  readonly settingsOf: (path: string) => Promise<{ project: Project; settings: Settings }>
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal
}

export interface Command<Args = unknown> {
  /** Words as typed; two of them for a sub-command: `data import`. */
  readonly name: string
  readonly summary: string
  /** A line to type, without `./understudy`; `--help` shows it. */
  readonly example: string
  /** Positional arguments in commander's form: `<file>`, `[version]`. */
  readonly positional?: readonly string[]
  /** Options in commander's form, with their meaning. */
  readonly options?: readonly (readonly [flags: string, meaning: string, fallback?: string])[]
  /** Parses positional arguments (by name) and options (camel-cased) together. */
  readonly args: z.ZodType<Args>
  run(args: Args, context: CommandContext): Promise<void>
}

/**
 * Keeps the argument type of a command where it is written, and forgets it in the list of all commands. What was typed is checked before
 * it runs: `BAD_INPUT` names each argument that is wrong.
 */
export function defineCommand<Args>(command: Command<Args>): Command {
  return {
    ...command,
    async run(typed, context) {
      const { success, data, error } = command.args.safeParse(typed)
      if (success) return await command.run(data, context)
      const faults = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
      throw new PlannedError(
        'BAD_INPUT',
        `${command.name}: ${faults.join('; ')}. See ./understudy ${command.name} --help`,
      )
    },
  }
}
