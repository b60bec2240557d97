// The gate in words: one sentence per way out of the table, with the figures that led there. Always "was better on these
// rows", never "is better": the figures cover these weights on these days, not the luck of another training.
import { unreachable } from '../kernel/errors.ts'
import { countText, figureWriter, percentText } from './figures.ts'
import type { Evidence, Situation, VerdictCase } from './verdict.ts'

type Words = {
  /** `1,234 rides` */
  readonly rows: string
  /** `rides` */
  readonly noun: string
  /** `8 days` */
  readonly days: string
  /** `MAE 2.131 USD`; of an error that does not exist, `MAE unknown`. */
  readonly champion: string
  readonly challenger: string
  readonly threshold: string
  /** `95 % interval of the difference, -0.12 to 0.03 USD,` */
  readonly interval: string
  /** Why a side has no error; empty if it has one. */
  readonly championTrouble: string
  readonly challengerTrouble: string
}

const SENTENCES = {
  'first-accepted': (w) =>
    `The first model was taken as the baseline, whatever its error: ${w.challenger} on the last ${w.rows}, against a threshold of ${w.threshold}`,
  'first-asked': (w) =>
    `The first model waits for a person, as was asked for: ${w.challenger} on the last ${w.rows}, against a threshold of ${w.threshold}`,
  'too-little-data': (w) =>
    `Cannot tell yet: the holdout has ${w.rows} on ${w.days}, and 100 on 4 days are needed, so nothing was trained and ` +
    `the champion stays (${w.championTrouble || `${w.champion} here`})`,
  'too-little-data-no-champion': (w) =>
    `Cannot tell yet: the holdout has ${w.rows} on ${w.days}, and 100 on 4 days are needed, so nothing was trained; ` +
    `there is no champion for these ${w.noun} any more, so a person has to decide`,
  'challenger-cannot-score': (w) =>
    `The challenger cannot score these ${w.rows} (${w.challengerTrouble}), and the champion is under the threshold of ${w.threshold}: ${w.champion}`,
  'none-can-score': (w) =>
    `The challenger cannot score these ${w.rows} (${w.challengerTrouble}), and there is no champion under the threshold of ${w.threshold} ` +
    `(${w.championTrouble || w.champion}); a person has to decide`,
  'rows-unknown': (w) =>
    `It is not known which rows this challenger learnt from, so its ${w.challenger} on these ${w.rows} may flatter it ` +
    `(champion: ${w.championTrouble || w.champion}; threshold ${w.threshold}); a person has to decide`,
  'rows-seen': (w) =>
    `This challenger has learnt some of these ${w.rows}, so its ${w.challenger} flatters it ` +
    `(champion: ${w.championTrouble || w.champion}; threshold ${w.threshold}); a person has to decide`,
  'no-champion': (w) =>
    `There is no champion for these ${w.noun} any more, and the challenger was under the threshold of ${w.threshold} on these ${w.rows}: ${w.challenger}`,
  'no-champion-none-good': (w) =>
    `There is no champion for these ${w.noun} any more, and the challenger was not under the threshold of ${w.threshold} on these ${w.rows}: ` +
    `${w.challenger}; a person has to decide`,
  'champion-cannot-score': (w) =>
    `The champion cannot score these ${w.rows} (${w.championTrouble}), so there is nothing to compare the challenger with: ${w.challenger}, ` +
    `threshold ${w.threshold}; a person has to decide`,
  better: (w) =>
    `The challenger was better on these ${w.rows}: ${w.challenger} against the champion's ${w.champion}, and under the threshold of ${w.threshold}`,
  'better-for-certain': (w) =>
    `The challenger was better on these ${w.rows}, by more than the luck of ${w.days} explains: ${w.challenger} against the champion's ` +
    `${w.champion}, the ${w.interval} lies below zero, and it was under the threshold of ${w.threshold}`,
  kept: (w) =>
    `The challenger was not better on these ${w.rows}: ${w.challenger} against the champion's ${w.champion}, which is under the threshold of ${w.threshold}`,
  'kept-uncertain': (w) =>
    `The challenger was better on these ${w.rows}, but that may be the luck of ${w.days}: ${w.challenger} against the champion's ${w.champion}, ` +
    `and the ${w.interval} does not lie below zero; the champion was under the threshold of ${w.threshold} and stays`,
  'none-good': (w) =>
    `Neither model was under the threshold of ${w.threshold} on these ${w.rows}: champion ${w.champion}, challenger ${w.challenger}; a person has to decide`,
  'none-good-uncertain': (w) =>
    `The champion was not under the threshold of ${w.threshold} on these ${w.rows} (${w.champion}), and the challenger's ${w.challenger} may be ` +
    `the luck of ${w.days}: the ${w.interval} does not lie below zero; a person has to decide`,
} as const satisfies Record<string, (words: Words) => string>

/** Which sentence explains a ruling. */
export type Sentence = keyof typeof SENTENCES

/** One sentence, with a capital and a full stop; a second look at a holdout says that it is one, and at which level it was tested. */
export function sentenceOf(sentence: Sentence, situation: Situation, evidence: Evidence): string {
  const { looks, level, difference } = evidence
  const look =
    looks > 1 && difference !== null
      ? `; this was look ${looks} at the same holdout, so the difference was tested at ${percentText(level)} instead of 95 %`
      : ''
  return `${SENTENCES[sentence](wordsFor(situation, evidence))}${look}.`
}

/** A baseline that is taken although it is not good enough, or was not measured, comes with a warning. */
export function warningOf(verdictCase: VerdictCase, situation: Situation, evidence: Evidence): string | null {
  if (verdictCase !== 'first-model') return null
  const { challenger, threshold, rows } = wordsFor(situation, evidence)
  if (evidence.challenger === null)
    return `No ${situation.metric.rowsNoun} were left to measure the first model on; its error is not known.`
  if (evidence.challenger.mean < situation.threshold) return null
  return `The first model is not under the threshold of ${threshold}: ${challenger} on the last ${rows}.`
}

function wordsFor(situation: Situation, evidence: Evidence): Words {
  const { metric, threshold, champion, challenger } = situation
  const { difference } = evidence
  const errors = [evidence.champion, evidence.challenger].flatMap((error) => (error === null ? [] : [error.mean]))
  const writeError = figureWriter([...errors, threshold])
  const name = metric.name.toUpperCase()
  const errorText = (error: Evidence['champion']): string =>
    error === null ? `${name} unknown` : `${name} ${writeError(error.mean)} ${metric.unit}`
  const bounds = difference === null ? [] : [difference.low, difference.high]
  const writeDifference = figureWriter([...bounds, 0]) // 0: a bound beside it must not read "0.000"
  return {
    rows: `${countText(evidence.rows)} ${metric.rowsNoun}`,
    noun: metric.rowsNoun,
    days: `${evidence.days} ${evidence.days === 1 ? 'day' : 'days'}`,
    champion: errorText(evidence.champion),
    challenger: errorText(evidence.challenger),
    threshold: `${threshold} ${metric.unit}`,
    interval: `${percentText(evidence.level)} interval of the difference, ${bounds.map(writeDifference).join(' to ')} ${metric.unit},`,
    championTrouble: troubleOf(champion, metric.rowsNoun),
    challengerTrouble: troubleOf(challenger, metric.rowsNoun),
  }
}

function troubleOf(side: Situation['champion'] | Situation['challenger'], noun: string): string {
  switch (side.kind) {
    case 'cannot-score':
      return side.reason
    case 'removed':
      return `none for these ${noun} any more`
    case 'none-ever':
      return 'this model never had one'
    case 'scored':
    case 'not-trained':
      return ''
    default:
      return unreachable(side)
  }
}
