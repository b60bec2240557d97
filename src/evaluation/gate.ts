// The gate: from two models' losses on the same rows to a verdict. Pure: it is handed sums and records nothing.
import { PlannedError } from '../kernel/errors.ts'
import { pairDays } from './day-losses.ts'
import { type Sentence, sentenceOf, warningOf } from './gate-words.ts'
import { differenceOf, type ErrorEstimate, errorOf, levelOfLook } from './interval.ts'
import type { Evidence, Rule, Situation, Verdict, VerdictCase, VerdictKind } from './verdict.ts'

/** What one rule makes of a situation. */
type Ruling = { readonly kind: VerdictKind; readonly case: VerdictCase; readonly sentence: Sentence }

/** The least on which two models can be told apart at all. */
const LEAST_ROWS = 100
const LEAST_DAYS = 4

/**
 * Whether a holdout is too small to judge a model on. Ask before training: nothing should be paid for that cannot be judged.
 *
 * @example isTooSmall({ rows: 99, days: 30 }) // => true
 * @example isTooSmall({ rows: 100, days: 4 }) // => false
 */
export function isTooSmall(holdout: { readonly rows: number; readonly days: number }): boolean {
  return holdout.rows < LEAST_ROWS || holdout.days < LEAST_DAYS
}

/**
 * The verdict on a challenger, with its evidence and what the other rule would have said.
 * Throws `BAD_INPUT` for a threshold that is not a positive number, `BAD_DATA` if the scores are not of the holdout's rows.
 */
export function judge(situation: Situation): Verdict {
  if (!(situation.threshold > 0 && Number.isFinite(situation.threshold))) {
    throw new PlannedError('BAD_INPUT', `the threshold is ${situation.threshold}`, {
      next: `set it to a positive ${situation.metric.unit} error`,
    })
  }
  if (!(Number.isInteger(situation.looks) && situation.looks >= 1)) throw new RangeError(`${situation.looks} looks`)
  const evidence = weigh(situation)
  const ruling = rule(situation, evidence, situation.rule)
  const otherRule = situation.rule === 'point' ? 'significant' : 'point'
  const other = rule(situation, evidence, otherRule)
  return {
    kind: ruling.kind,
    case: ruling.case,
    reason: sentenceOf(ruling.sentence, situation, evidence),
    warning: warningOf(ruling.case, situation, evidence),
    evidence,
    otherRule: { rule: otherRule, kind: other.kind, why: sentenceOf(other.sentence, situation, evidence) },
  }
}

function weigh(situation: Situation): Evidence {
  const { holdout, champion, looks } = situation
  const level = levelOfLook(looks)
  // With too little to judge on, no challenger is looked at, even if one is there.
  const isBlind = champion.kind !== 'none-ever' && isTooSmall(holdout)
  const challenger = isBlind ? ({ kind: 'not-trained' } as const) : situation.challenger
  requireHoldout(holdout, champion)
  requireHoldout(holdout, challenger)
  return {
    ...holdout,
    looks,
    level,
    champion: champion.kind === 'scored' ? errorOf(champion.days, level) : null,
    challenger: challenger.kind === 'scored' ? errorOf(challenger.days, level) : null,
    difference:
      champion.kind === 'scored' && challenger.kind === 'scored'
        ? differenceOf(pairDays(champion.days, challenger.days), level)
        : null,
  }
}

function requireHoldout(holdout: Situation['holdout'], scored: Situation['champion'] | Situation['challenger']): void {
  if (scored.kind !== 'scored') return
  const rows = scored.days.reduce((total, day) => total + day.rows, 0)
  if (rows !== holdout.rows || scored.days.length !== holdout.days) {
    throw new PlannedError(
      'BAD_DATA',
      `a model was scored on ${rows} rows of ${scored.days.length} days, and the holdout has ${holdout.rows} rows of ${holdout.days} days`,
      {
        why: 'the data changed in between',
        next: 'run the cycle again',
        facts: { rows, days: scored.days.length, holdoutRows: holdout.rows, holdoutDays: holdout.days },
      },
    )
  }
}

/** The table, row by row: the first that fits. */
function rule(situation: Situation, evidence: Evidence, ruleName: Rule): Ruling {
  const { champion, challenger, threshold, holdout } = situation
  if (champion.kind === 'none-ever') return firstModel(challenger, champion.firstChampion)
  if (isTooSmall(holdout)) {
    return champion.kind === 'removed'
      ? { kind: 'escalate', case: 'too-little-data', sentence: 'too-little-data-no-champion' }
      : { kind: 'keep', case: 'too-little-data', sentence: 'too-little-data' }
  }
  if (challenger.kind === 'not-trained')
    throw new Error('a holdout large enough to judge on, and no challenger was trained')
  const isChampionGood = isUnder(evidence.champion, threshold)
  if (challenger.kind === 'cannot-score') {
    return isChampionGood
      ? { kind: 'keep', case: 'challenger-cannot-score', sentence: 'challenger-cannot-score' }
      : { kind: 'escalate', case: 'challenger-cannot-score', sentence: 'none-can-score' }
  }
  if (challenger.rowsLearnt === 'unknown') {
    return { kind: 'escalate', case: 'challenger-rows-unknown', sentence: 'rows-unknown' }
  }
  if (challenger.rowsLearnt === 'seen') {
    return { kind: 'escalate', case: 'challenger-rows-seen', sentence: 'rows-seen' }
  }
  const isChallengerGood = isUnder(evidence.challenger, threshold)
  if (champion.kind === 'removed') {
    return isChallengerGood
      ? { kind: 'promote', case: 'no-champion', sentence: 'no-champion' }
      : { kind: 'escalate', case: 'no-champion', sentence: 'no-champion-none-good' }
  }
  if (evidence.difference === null)
    return { kind: 'escalate', case: 'champion-cannot-score', sentence: 'champion-cannot-score' }
  const isBetter = evidence.difference.mean < 0
  const isCertain = ruleName === 'point' || evidence.difference.high < 0
  if (isBetter && isChallengerGood && isCertain) {
    return {
      kind: 'promote',
      case: 'challenger-better',
      sentence: ruleName === 'point' ? 'better' : 'better-for-certain',
    }
  }
  const isUncertain = isBetter && isChallengerGood // so it is certainty that was missing
  if (isChampionGood)
    return { kind: 'keep', case: 'champion-good-enough', sentence: isUncertain ? 'kept-uncertain' : 'kept' }
  return { kind: 'escalate', case: 'none-good-enough', sentence: isUncertain ? 'none-good-uncertain' : 'none-good' }
}

function isUnder(error: ErrorEstimate | null, threshold: number): boolean {
  return error !== null && error.mean < threshold
}

/** The baseline is taken whatever its error, but it has to be a model that answers. */
function firstModel(challenger: Situation['challenger'], firstChampion: 'accept' | 'ask'): Ruling {
  if (challenger.kind === 'not-trained') throw new Error('a first model was to be judged and none was trained')
  if (challenger.kind === 'cannot-score') {
    return { kind: 'escalate', case: 'challenger-cannot-score', sentence: 'none-can-score' }
  }
  return firstChampion === 'accept'
    ? { kind: 'promote', case: 'first-model', sentence: 'first-accepted' }
    : { kind: 'escalate', case: 'first-model', sentence: 'first-asked' }
}
