// `history`: every move between stages, and what was in Production when.
import { z } from 'zod'
import type { TimeWindow } from '../../kernel/window.ts'
import { dayText, monthOf } from '../../kernel/window.ts'
import { findVersion } from '../../lifecycle/evaluate-version.ts'
import { madeOutside, momentOf, type Reign, reignsDuring, reignsOf } from '../../lifecycle/reign.ts'
import type { LifecycleRooms } from '../../lifecycle/rooms.ts'
import { experimentsOf, type Judged, journalOf, modelOf, verdictsOf } from '../../lifecycle/verdicts.ts'
import type { Transition } from '../../tracking/port.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { evidenceText } from '../evidence-text.ts'
import { wholeNumber } from '../numbers.ts'
import { wrapped } from '../table.ts'
import { timeText } from '../when.ts'

/** `understudy history [--version 3] [--on 2015-02-14]` */
export const historyCommand = defineCommand({
  name: 'history',
  example: 'history --on 2026-02-14',
  summary: 'every move between stages: when, who, why, on what evidence; or what was in Production on a date',
  options: [
    ['--version <number>', 'the moves of this version only'],
    ['--on <date or time>', 'what was in Production then: a day, 2026-02-14, or a time, "2026-02-14 10:30"; UTC'],
  ],
  args: z
    .object({
      version: wholeNumber('--version is a number').optional(),
      on: z.string().optional(),
    })
    .refine(({ version, on }) => version === undefined || on === undefined, {
      error: '--version and --on ask two things; give one',
      path: ['on'],
    }),
  async run({ version, on }, context) {
    const { model } = context.settings()
    const rooms = await context.rooms()
    const window = on === undefined ? null : momentOf(on)
    await rooms.tracking.noticeOutsideMoves(model)
    await checkSeals(rooms, context)
    const history = await rooms.tracking.history(model)
    if (window !== null) return await showReigns(context, rooms, { model, history, window })
    if (version !== undefined && !history.some((move) => move.version === version)) {
      await findVersion(rooms, model, { version }) // says which there are, if this is none
    }
    const moves = history.filter((move) => version === undefined || move.version === version)
    if (context.terminal.json) return context.terminal.out(JSON.stringify(moves))
    const nothing =
      version === undefined
        ? `nothing of ${model} has moved yet; begin with: ./understudy cycle`
        : `v${version} of ${model} has never been moved; it is where it was registered, in no stage`
    context.terminal.out(moves.length === 0 ? nothing : movesText(moves, context).join('\n'))
  },
})

/** Warns if the history's seals are broken, where the store can check them. */
async function checkSeals({ tracking }: Pick<LifecycleRooms, 'tracking'>, { terminal }: CommandContext): Promise<void> {
  const check = await tracking.verifyHistory?.()
  if (check === undefined || check.kind === 'whole') return
  terminal.warn(
    `⚠️  This history was tampered with: ${check.reason}. What comes before row ${check.atId} of all models' moves is as it was written; the rest cannot be relied on. Compare it with a backup`,
  )
}

/** A block per move, the newest last. Moves made together say once what they rested on. */
function movesText(moves: readonly Transition[], context: CommandContext): string[] {
  return moves.flatMap((move, index) => {
    const next = moves[index + 1]
    const isToldBelow =
      next !== undefined && next.atMs === move.atMs && JSON.stringify(next.evidence) === JSON.stringify(move.evidence)
    const head = `${timeText(move.atMs)}  v${move.version}  ${move.from} → ${move.to}  by ${move.actor}`
    return [context.terminal.style.bold(head), ...groundsOf(move, context, { evidence: !isToldBelow, indent: 4 })]
  })
}

/** Reason and evidence of a move, wrapped and indented. */
function groundsOf(
  move: Transition,
  { terminal, project }: CommandContext,
  { evidence, indent }: { evidence: boolean; indent: number },
): string[] {
  const figures = evidence ? evidenceText(move.evidence, { unit: project.metric.unit, rows: project.row.many }) : null
  const outside = madeOutside(move)
  return [move.reason, ...(outside === null ? [] : [OUTSIDE[outside]]), ...(figures === null ? [] : [figures])].flatMap(
    (text) => wrapped(text, terminal.columns - indent).map((line) => `${' '.repeat(indent)}${line}`),
  )
}

const OUTSIDE = {
  moved:
    'Somebody moved it with another program on the same store, some time before it was seen; who and why is not known here.',
  deleted:
    'Somebody deleted the version with another program, some time before it was seen missing; who and why is not known here.',
} as const

interface Asked {
  readonly model: string
  readonly history: readonly Transition[]
  readonly window: TimeWindow
}

async function showReigns(
  context: CommandContext,
  rooms: LifecycleRooms,
  { model, history, window }: Asked,
): Promise<void> {
  const nowMs = rooms.clock.nowMs()
  const isToCome = window.fromMs > nowMs // whoever serves then is not known
  const { reigns, gaps } = isToCome ? { reigns: [], gaps: [] } : reignsDuring(history, window, nowMs)
  const first = reignsOf(history)[0] ?? null
  if (context.terminal.json) {
    const stays = reigns.map(({ version, fromMs, toMs, began, ended }) => ({
      version,
      from: new Date(fromMs).toISOString(),
      to: toMs === null ? null : new Date(toMs).toISOString(),
      began,
      ended,
    }))
    const [from, to] = [new Date(window.fromMs).toISOString(), new Date(window.toMs).toISOString()]
    const emptySpans = gaps.map((gap) => ({
      from: new Date(gap.fromMs).toISOString(),
      to: new Date(gap.toMs).toISOString(),
    }))
    const firstAt = first === null ? null : new Date(first.fromMs).toISOString()
    return context.terminal.out(JSON.stringify({ model, from, to, production: stays, nothing: emptySpans, firstAt }))
  }
  const judged = await judgedOn(rooms, model, window)
  const lines =
    reigns.length === 0
      ? wrapped(nobody(model, window, first, nowMs), context.terminal.columns)
      : [headline(model, window), ...spans({ reigns, gaps: isDay(window) ? gaps : [], nowMs }, context)]
  context.terminal.out([...lines, '', ...dataNote(window, judged, context)].join('\n'))
}

const isDay = ({ fromMs, toMs }: TimeWindow): boolean => toMs - fromMs > 1
const spanText = (window: TimeWindow): string =>
  isDay(window) ? dayText(window.fromMs) : `${timeText(window.fromMs)} UTC`

function headline(model: string, window: TimeWindow): string {
  return isDay(window)
    ? `In Production of ${model} on ${spanText(window)}, from midnight to midnight UTC:`
    : `In Production of ${model} at ${spanText(window)}:`
}

function nobody(model: string, window: TimeWindow, first: Reign | null, nowMs: number): string {
  if (window.fromMs > nowMs) return `${spanText(window)} has not come yet.`
  if (first === null) return `Nothing of ${model} has ever been in Production.`
  if (first.fromMs >= window.toMs)
    return `Nothing of ${model} was in Production yet on ${spanText(window)}. The first was v${first.version}, from ${timeText(first.fromMs)} UTC on.`
  return `Nothing of ${model} was in Production on ${spanText(window)}: the version before had left the stage and no other had taken it.`
}

function reignText({ version, fromMs, toMs, began, ended }: Reign, context: CommandContext): string[] {
  const until = toMs === null ? 'until now' : `until ${timeText(toMs)}`
  return [
    `  ${context.terminal.style.bold(`v${version}`)}  from ${timeText(fromMs)} ${until}`,
    `    put there by ${began.actor}:`,
    ...groundsOf(began, context, { evidence: true, indent: 6 }),
    ...(ended === null
      ? []
      : [`    taken away by ${ended.actor}:`, ...groundsOf(ended, context, { evidence: false, indent: 6 })]),
  ]
}

/** Who served, and when nobody did, one after the other. */
function spans(
  { reigns, gaps, nowMs }: { reigns: readonly Reign[]; gaps: readonly TimeWindow[]; nowMs: number },
  context: CommandContext,
): string[] {
  return [
    ...reigns.map((reign) => ({ fromMs: reign.fromMs, lines: reignText(reign, context) })),
    ...gaps.map(({ fromMs, toMs }) => ({
      fromMs,
      lines: [`  nothing  from ${timeText(fromMs)} until ${toMs > nowMs ? 'now' : timeText(toMs)}`],
    })),
  ]
    .sort((a, b) => a.fromMs - b.fromMs)
    .flatMap(({ lines }) => lines)
}

/** The verdict on the month of data that the date lies in: what somebody who gave a date of the data wanted to know. */
async function judgedOn(rooms: LifecycleRooms, model: string, window: TimeWindow): Promise<Judged | null> {
  const journal = (await journalOf(rooms)).filter((run) => modelOf(run) === model)
  const experiments = await experimentsOf(rooms, journal, await rooms.tracking.versions(model))
  const verdicts = await verdictsOf(rooms, model, journal, experiments)
  return verdicts.findLast(({ outcome }) => outcome.month === monthOf(window.fromMs) && outcome.applied) ?? null
}

function dataNote(window: TimeWindow, judged: Judged | null, { terminal }: CommandContext): string[] {
  const month = monthOf(window.fromMs)
  const seen = judged?.outcome
  const data =
    judged === null || seen === undefined
      ? ''
      : ` The data of ${month} was judged on ${timeText(judged.decidedAtMs)}: ${seen.champion === null ? 'without a champion' : `the champion was v${seen.champion.version}`}, the verdict ${seen.verdict}.`
  return wrapped(`The date is one of the world, when stages moved, and not of the data.${data}`, terminal.columns)
}
