// Which version is the champion, which one a challenger starts from, and which one may fairly be compared with.
import { HOLDOUT_TAGS, VERDICT_TAG } from '../tracking/own-runs.ts'
import type { ModelVersion, Tracking, Transition } from '../tracking/port.ts'

/** Names of the tags that a version carries about itself. */
export const TAG = {
  project: 'understudy.project',
  origin: 'understudy.origin',
  trainer: 'understudy.trainer',
  trainedFrom: 'understudy.trained_from',
  trainedTo: 'understudy.trained_to',
  featureDigest: 'understudy.feature_digest',
  keptSteps: 'understudy.kept_steps',
  earlyStopMae: 'understudy.early_stop_mae',
  holdoutMae: `${HOLDOUT_TAGS}mae`,
  intervals: 'understudy.intervals',
  fitRows: 'understudy.fit_rows',
  warmStartOf: 'understudy.warm_start_of',
  effect: 'understudy.effect',
  verdict: VERDICT_TAG,
  refitOf: 'understudy.refit_of',
  measured: 'understudy.measured',
  /** The run of the search that settled on its settings. */
  tunedBy: 'understudy.tuned_by',
  computedBy: 'understudy.computed_by',
  selection: 'understudy.selection',
} as const

/** The tag of what the intervals of a level held on the holdout, or of how wide they were. */
export function holdoutTag(figure: 'coverage' | 'width', level: number): string {
  return `${HOLDOUT_TAGS}${figure}_${level}`
}

/** End (exclusive) of the rows a version learnt from, in ms; null where nobody wrote it down. */
export function trainedToMs(version: ModelVersion): number | null {
  const text = version.tags[TAG.trainedTo]
  const ms = text === undefined ? Number.NaN : Date.parse(text)
  return Number.isNaN(ms) ? null : ms
}

/** A model's versions and history, read once. */
export interface Roster {
  readonly versions: readonly ModelVersion[]
  readonly history: readonly Transition[]
}

/** Reads the registry, after taking note of what others moved. */
export async function readRoster(tracking: Tracking, model: string): Promise<Roster> {
  await tracking.noticeOutsideMoves(model)
  return { versions: await tracking.versions(model), history: await tracking.history(model) }
}

/**
 * Who stands where, for rows of one origin:
 * - `champion`: a version in Production that learnt from this origin;
 * - `removed`: there was one, and it is not in Production now;
 * - `never`: none ever was, and `waiting` is the version in Staging that could become the first: one that learnt nothing from
 *   `beforeMs` on.
 * `foreign` is a version in Production that learnt from another origin: it does not count, and gives way to one that does.
 */
export type Standing =
  | { readonly kind: 'champion'; readonly champion: ModelVersion }
  | { readonly kind: 'removed'; readonly foreign: ModelVersion | null }
  | { readonly kind: 'never'; readonly waiting: ModelVersion | null; readonly foreign: ModelVersion | null }

export function standingOf(roster: Roster, origin: string, beforeMs: number): Standing {
  const production = roster.versions.find((version) => version.stage === 'Production') ?? null
  if (production !== null && learntFrom(production, origin)) return { kind: 'champion', champion: production }
  const wasDeleted = roster.history.some(
    ({ to, version }) => to === 'Production' && !roster.versions.some((one) => one.version === version),
  )
  if (formerChampions(roster, origin).length > 0 || (production === null && wasDeleted)) {
    return { kind: 'removed', foreign: production }
  }
  const waiting = roster.versions.find((version) => {
    const reached = trainedToMs(version)
    return version.stage === 'Staging' && learntFrom(version, origin) && reached !== null && reached <= beforeMs
  })
  return { kind: 'never', waiting: waiting ?? null, foreign: production }
}

/**
 * The version a challenger starts from: the newest that is or was in Production, with the same trainer and features, that has
 * learnt nothing from the window's start on, and that no person has rolled back. Null for a cold start.
 */
export function warmStartFor(
  roster: Roster,
  wanted: { origin: string; trainer: string; featureDigest: string; beforeMs: number },
): ModelVersion | null {
  const fits = (version: ModelVersion): boolean => {
    const trainedTo = trainedToMs(version)
    return (
      version.tags[TAG.trainer] === wanted.trainer &&
      version.tags[TAG.featureDigest] === wanted.featureDigest &&
      trainedTo !== null &&
      trainedTo <= wanted.beforeMs &&
      !wasRolledBack(roster.history, version.version)
    )
  }
  return formerChampions(roster, wanted.origin).find(fits) ?? null
}

/** Whether a version left Production by a rollback, and has not come back. */
function wasRolledBack(history: readonly Transition[], version: number): boolean {
  const last = history.findLast(
    ({ version: moved, from, to }) => moved === version && (from === 'Production' || to === 'Production'),
  )
  const { evidence } = last ?? {}
  return last?.from === 'Production' && typeof evidence === 'object' && evidence !== null && 'rolledBackTo' in evidence
}

/**
 * What the challenger is compared with. The champion itself, unless it learnt rows of the holdout (an older month, or a further
 * look): then the newest version that is or was in Production and had learnt nothing from the window's start on, in
 * hindsight, and nothing may move. `version` null: there is no such version.
 */
export function comparisonFor(
  roster: Roster,
  champion: ModelVersion,
  window: { origin: string; fromMs: number; holdoutFromMs: number; isFurtherLook: boolean },
): { version: ModelVersion | null; hindsight: boolean } {
  const reached = trainedToMs(champion)
  // At a further look the champion may be the very one that this holdout chose, which no longer makes a fair opponent.
  if (!window.isFurtherLook && reached !== null && reached <= window.holdoutFromMs)
    return { version: champion, hindsight: false }
  const earlier = formerChampions(roster, window.origin).find((version) => {
    const trainedTo = trainedToMs(version)
    return trainedTo !== null && trainedTo <= window.fromMs
  })
  return { version: earlier ?? null, hindsight: true }
}

/** Versions of this origin that are or were in Production, newest first. */
function formerChampions(roster: Roster, origin: string): ModelVersion[] {
  const promoted = new Set(
    roster.history.filter((transition) => transition.to === 'Production').map((transition) => transition.version),
  )
  return roster.versions.filter(
    (version) => (version.stage === 'Production' || promoted.has(version.version)) && learntFrom(version, origin),
  )
}

/** A version without an origin was made elsewhere and is taken at its word. */
export function learntFrom(version: ModelVersion, origin: string): boolean {
  return (version.tags[TAG.origin] ?? origin) === origin
}
