// Which holdouts a search by hand may see: those that were decided on, and none that a cycle is still to be judged on.
import { PlannedError } from '../kernel/errors.ts'
import { addMonths, dayText, type TimeWindow } from '../kernel/window.ts'
import { readRoster, standingOf } from './champion.ts'
import { HISTORY_SPLIT } from './first-model.ts'
import { ensureProcessed, MONTH_SPLIT, splitWindow } from './fresh.ts'
import type { CycleOutcome } from './outcome.ts'
import { isLook, pastOutcomes } from './past-cycles.ts'
import type { Watch } from './raw-table.ts'
import { windowText } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import type { TuneInput, TuneOutcome } from './tune-input.ts'

/** What a search has to do with holdouts, in words of months. */
export interface Holdouts {
  /** The first month from the one in force on that no cycle has decided: what the settings are worth is measured from there on. */
  readonly next: string
  /** Months that were decided, whose holdouts lie among the rows that were learnt or judged on. */
  readonly seen: readonly string[]
}

/**
 * Makes sure that a search comes upon no holdout that is still to be judged on: that of a month from the one in force on, or the first
 * model's. Throws `BAD_INPUT` otherwise. A window is refused that reaches into such a month at all, wherever its holdout begins.
 *
 * @returns the holdouts that a search of such an outcome has to do with
 */
export async function checkHoldouts(
  rooms: LifecycleRooms,
  input: TuneInput,
  evaluationFromMs: number,
  watch: Watch,
): Promise<(outcome: TuneOutcome) => Holdouts> {
  const looks = (await pastOutcomes(rooms, input)).map(({ outcome }) => outcome).filter(isLook)
  let next: TimeWindow | null = null
  for (let count = 0; ; count++) {
    const month = { fromMs: addMonths(evaluationFromMs, count), toMs: addMonths(evaluationFromMs, count + 1) }
    const isOver = month.fromMs >= input.toMs
    if (isOver && next !== null) break
    if (await isDecided(rooms, looks, month)) continue
    if (!isOver && reachesInto(input, month)) throw wouldSee(input, month)
    next ??= month
  }
  const after = windowText(next)
  await refuseFirstHoldout(rooms, input, evaluationFromMs, watch)
  return (outcome) => ({ next: after, seen: seenBy(outcome, looks) })
}

/** Whether a decision has used up a month's holdout, and does not wait for a person who may have another model judged on it. */
async function isDecided(
  { engine }: LifecycleRooms,
  looks: readonly CycleOutcome[],
  month: TimeWindow,
): Promise<boolean> {
  const own = looks.filter(
    ({ holdoutFrom, to }) => Date.parse(holdoutFrom) < month.toMs && month.toMs <= Date.parse(to),
  )
  const ids = own.flatMap(({ decision }) => decision ?? [])
  const asked = await Promise.all(ids.map(async (id) => await engine.decisions.find(id)))
  return own.length > 0 && asked.every(({ answer }) => answer !== null)
}

/** Whether a search's rows reach into a month or, where they are those of a month's challenger, over the end of an earlier one. */
function reachesInto(input: TuneInput, month: TimeWindow): boolean {
  if (month.toMs <= input.learnFromMs) return false
  return isOfMonth(input) ? month.fromMs < input.fromMs && month.toMs < input.toMs : month.fromMs < input.toMs
}

const isOfMonth = ({ splitRatio }: TuneInput): boolean => splitRatio === MONTH_SPLIT

/** The months whose holdouts lie among the rows of a search. */
function seenBy({ from, to }: TuneOutcome, looks: readonly CycleOutcome[]): string[] {
  const seen = looks.filter(
    (look) => Date.parse(look.holdoutFrom) < Date.parse(to) && Date.parse(from) < Date.parse(look.to),
  )
  return [...new Set(seen.map(({ month }) => month))].toSorted()
}

/** Until there is a first model, the last rows before the month in force are its holdout, which the next cycle begins with. */
async function refuseFirstHoldout(
  rooms: LifecycleRooms,
  input: TuneInput,
  evaluationFromMs: number,
  watch: Watch,
): Promise<void> {
  const history = { fromMs: rooms.project.historyFromMs, toMs: evaluationFromMs }
  const isHistory = input.fromMs === history.fromMs && input.toMs === history.toMs // whose last 3 % no search of it uses
  if (isHistory || input.learnFromMs >= history.toMs || history.toMs <= history.fromMs) return
  const standing = standingOf(await readRoster(rooms.tracking, input.model), input.origin, evaluationFromMs)
  if (standing.kind !== 'never' || standing.waiting !== null) return
  const whole = { fromMs: history.fromMs, toMs: Math.max(history.toMs, input.toMs) }
  await ensureProcessed(rooms, input, whole, { signal: watch.signal })
  const { holdoutFromMs } = await splitWindow(rooms, input, history, HISTORY_SPLIT)
  const own = { fromMs: input.fromMs, toMs: input.toMs }
  const { earlyStopFromMs } = await splitWindow(rooms, input, own, input.splitRatio)
  if (earlyStopFromMs <= holdoutFromMs) return
  throw new PlannedError(
    'BAD_INPUT',
    `this search would see the first model's holdout, which begins on ${dayText(holdoutFromMs)}`,
    {
      why: `${input.model} has no model yet, and settings that were chosen by those rows would be judged on them`,
      next: 'leave out --month, --from and --to, which searches before that holdout, or train the first model before: ./understudy train',
    },
  )
}

function wouldSee(input: TuneInput, month: TimeWindow): PlannedError {
  const name = windowText(month)
  const what = isOfMonth(input)
    ? `a challenger of ${windowText(input)} also learns ${name}`
    : `the window ${dayText(input.fromMs)} to ${dayText(input.toMs)} reaches into ${name}`
  const before = dayText(month.fromMs)
  const others = [
    ...(/^\d{4}-\d{2}$/.test(name) ? [`search what a challenger of it learns, with --month ${name}`] : []),
    ...(isOfMonth(input) || input.fromMs >= month.fromMs ? [] : [`end before it, with --to ${before}`]),
    'or have its cycle decided first, and search then',
  ]
  return new PlannedError('BAD_INPUT', `${what}, whose holdout is still to be judged on`, {
    why: 'settings that were chosen by those rows would be judged on the same rows',
    next: others.join('; '),
  })
}
