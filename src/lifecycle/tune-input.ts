// What a search is asked for, and what it comes to: plain JSON, journalled.
import { z } from 'zod'
import type { Fold } from '../evaluation/forward-folds.ts'
import { SAMPLERS } from '../learning/search/sampler.ts'
import { SettingValue, Space } from '../learning/search/space.ts'
import type { Trial } from '../learning/search/trial.ts'
import { CycleInput } from './rooms.ts'

const Settings = z.record(z.string(), SettingValue)

export const TuneInput = CycleInput.pick({
  store: true,
  model: true,
  experiment: true,
  size: true,
  origin: true,
  timeReading: true,
  seed: true,
}).extend({
  trainer: z.string(),
  /** The window whose last rows are its holdout and, before those, its early-stop rows: neither is used. */
  fromMs: z.int(),
  toMs: z.int(),
  splitRatio: z.number(),
  /** The first row that is learnt from: the window's, or where all history begins. */
  learnFromMs: z.int(),
  /** The version whose weights each training begins with. */
  warmStart: z.int().nullable(),
  /** The trainer's settings in force, in place of its own. They are what any others have to beat. */
  settings: Settings,
  space: Space,
  sampler: z.enum(SAMPLERS),
  /** How many are tried besides those in force; null for as many as the time allows, or as there are. */
  trials: z.int().positive().nullable(),
  timeMs: z.int().positive().nullable(),
  folds: z.int().positive(),
  /** How many are tried at a time. What is tried next depends on it, and never on how long each takes. */
  workers: z.int().positive(),
  /** The cycle's run that this search belongs to. */
  parentRunId: z.string().nullable(),
})
export type TuneInput = z.infer<typeof TuneInput>

/** An earlier search that another goes on with: its run, and those of its trials that came to an end of their own, in their order. */
export type EarlierSearch = {
  readonly runId: string
  readonly trials: readonly TrialOutcome[]
}

/** Where a search learns and judges, and the run it is kept in. */
export type Ground = {
  readonly runId: string
  readonly folds: readonly Fold[]
  /** Absent if there is none. */
  readonly earlier?: EarlierSearch
}

/** What the tasks of trials are called. */
export const TRIAL = /^trial_\d+$/

/** A trial that has ended. Number 0 is that of the settings in force. */
export type TrialOutcome = {
  readonly number: number
  readonly settings: Readonly<Record<string, SettingValue>>
  readonly state: Exclude<Trial['state'], 'running'>
  /** Mean errors over the folds so far: after the first, the first two, … */
  readonly errors: readonly number[]
  /** Why it ended before its time; null if it did not. */
  readonly why: string | null
  readonly seconds: number
  readonly runId: string
  /** Present if it was made by an earlier search, that this one has gone on with: its run lies below that one's. */
  readonly takenOver?: true
}

export type TuneOutcome = {
  readonly model: string
  readonly trainer: string
  readonly sampler: TuneInput['sampler']
  readonly metric: { readonly name: string; readonly unit: string }
  /** The first row that is learnt from, and the instant before which all rows lie that were used; ISO times. */
  readonly from: string
  readonly to: string
  readonly folds: readonly Fold[]
  /** Best first. */
  readonly trials: readonly TrialOutcome[]
  /** The error of the settings in force; null if they could not be learnt with. */
  readonly inForce: number | null
  /** The number of the best trial; null if none came to an end. */
  readonly best: number | null
  readonly bestError: number | null
  /** What the best settings are, all of them that were searched; null if they are not clearly better than those in force. */
  readonly better: Readonly<Record<string, SettingValue>> | null
  readonly runId: string
}
