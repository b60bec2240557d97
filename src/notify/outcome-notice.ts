// What people are told when a month is over. The three messages of the recipe keep its words.
import { unreachable } from '../kernel/errors.ts'
import type { Notice } from './port.ts'

/** What was decided and done, as far as a message speaks of it. */
export type Outcome = {
  readonly kind: 'promote' | 'keep' | 'escalate'
  /** Why, by the gate's names. */
  readonly case:
    | 'first-model'
    | 'too-little-data'
    | 'challenger-cannot-score'
    | 'challenger-rows-unknown'
    | 'challenger-rows-seen'
    | 'no-champion'
    | 'champion-cannot-score'
    | 'challenger-better'
    | 'champion-good-enough'
    | 'none-good-enough'
  /** Whether the stages were moved, and that is recorded. A message speaks of a new model in production only then. */
  readonly isMoved: boolean
  /** The metric's name, in any case. */
  readonly metricName: string
  /** The champion's error on the holdout, in the metric's unit; null if it has none. */
  readonly oldError: number | null
  /** The challenger's. */
  readonly newError: number | null
  readonly holdoutRows: number
  /** Rows of the window the holdout was cut from. */
  readonly windowRows: number
  /** What the project calls its rows. */
  readonly rowsNoun: string
  /** The decision that a person was asked for; null, as when it is absent, if nobody was. */
  readonly decision?: number | null
}

/**
 * The message about an outcome: 🚀 replaced, ✅ kept, 🚨 a person has to decide, ℹ️ nothing was compared.
 * It follows the verdict that was carried out, never the figures; a figure that does not exist is `none`. Where a person was asked, how to
 * answer stands at the end.
 */
export function outcomeNotice(outcome: Outcome): Notice {
  const { text } = messageOf(outcome)
  const { kind, decision = null } = outcome
  return { text: kind === 'escalate' && decision !== null ? `${text}; ./understudy decide ${decision} …` : text }
}

function messageOf(outcome: Outcome): Notice {
  const { kind, isMoved } = outcome
  const name = outcome.metricName.toUpperCase()
  const [oldError, newError] = [errorText(outcome.oldError), errorText(outcome.newError)]
  const both = `Old ${name}: ${oldError} - New ${name}: ${newError}`
  const rows = `${outcome.holdoutRows} of ${outcome.windowRows} ${outcome.rowsNoun}`
  if (outcome.case === 'first-model') return { text: firstText(outcome, `${name}: ${newError} (on ${rows})`) }
  if (outcome.case === 'too-little-data') {
    const then = kind === 'escalate' ? '; a person has to decide' : ''
    return { text: `ℹ️ Cannot tell yet, with only ${rows} to judge on: ${both}${then}` }
  }
  switch (kind) {
    case 'promote':
      return {
        text: isMoved
          ? `🚀 New model replacing old in production with ${name}: ${newError} the Old ${name} was: ${oldError}`
          : `ℹ️ New model better, but production was left as it is: ${both}`,
      }
    case 'keep':
      return { text: `✅ Old model still good enough: ${both}` }
    case 'escalate':
      return {
        text:
          outcome.case === 'challenger-rows-unknown'
            ? `🚨 A person has to decide, as it is not known which ${outcome.rowsNoun} the new model learnt from: ${both}`
            : outcome.case === 'challenger-rows-seen'
              ? `🚨 A person has to decide, as the new model has learnt some of the ${outcome.rowsNoun} it was judged on: ${both}`
              : `🚨 No model good enough: ${both}`,
      }
    default:
      return unreachable(kind)
  }
}

function firstText({ kind, isMoved }: Outcome, measured: string): string {
  if (kind === 'promote' && isMoved) return `ℹ️ First model in production with ${measured}`
  return `ℹ️ First model waiting for a person's answer with ${measured}`
}

/** Six significant digits: more than anyone acts on, and no tail of binary rounding. */
function errorText(error: number | null): string {
  return error === null ? 'none' : String(Number(error.toPrecision(6)))
}
