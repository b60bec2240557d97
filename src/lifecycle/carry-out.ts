// Task `transition_model`: what the verdict says, done in the registry and written down, before anyone is told.
import { type ErrorEstimate, levelOfLook } from '../evaluation/interval.ts'
import type { Verdict } from '../evaluation/verdict.ts'
import type { TaskContext } from '../flow/port.ts'
import { unreachable } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Metric, Move } from '../tracking/port.ts'
import type { Cast } from './cast.ts'
import { TAG } from './champion.ts'
import type { Champion } from './evaluate-champion.ts'
import type { Fresh } from './fresh.ts'
import type { Challenger } from './make-challenger.ts'
import type { CycleOutcome, ScoredVersion, StageLine } from './outcome.ts'
import { tablesOf } from './project.ts'
import { windowText } from './recording.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'

/** The gate's verdict, or why there could be none, and whether it may move anything. */
export type Ruling = {
  readonly verdict: (Verdict & JsonObject) | null
  readonly blocked: string | null
  readonly moves: boolean
}

type Input = {
  readonly input: CycleInput
  readonly fresh: Fresh
  readonly cast: Cast
  readonly champion: Champion | null
  readonly challenger: Challenger | null
  readonly ruling: Ruling
}

export function carryOut(rooms: LifecycleRooms) {
  return async (facts: Input, context: TaskContext): Promise<{ promoted: boolean; outcome: CycleOutcome }> => {
    const { input, challenger } = facts
    const plan = planMoves(facts)
    if (challenger !== null) {
      await rooms.tracking.move(input.model, plan.moves, `${context.effectKey}/move`)
      const verdict = facts.ruling.verdict?.kind ?? 'none'
      await rooms.tracking.setVersionTags(input.model, challenger.version, {
        [TAG.verdict]: `${windowText(input)}: ${verdict}`,
      })
    }
    const outcome: CycleOutcome = {
      ...describeOutcome(rooms, facts),
      applied: plan.applied,
      insteadOfAsking: plan.insteadOfAsking,
      notes: [...plan.notes, ...(facts.fresh.rawRows === 0 ? [await nothingThere(rooms, input)] : [])],
      stages: await stageLines(rooms, input.model),
    }
    await record(rooms, facts, outcome)
    return { promoted: plan.promoted, outcome }
  }
}

interface MovePlan {
  readonly moves: readonly Move[]
  readonly applied: boolean
  readonly promoted: boolean
  readonly insteadOfAsking: 'kept' | 'promoted' | null
  readonly notes: readonly string[]
}

/** From a verdict to moves: the version this cycle made, by number, and never whatever happens to be in Staging. */
function planMoves({ input, cast, challenger, ruling }: Input): MovePlan {
  const nothing = { moves: [], applied: false, promoted: false, insteadOfAsking: null, notes: [] as string[] }
  const { verdict } = ruling
  if (verdict === null || challenger === null) return { ...nothing, applied: verdict !== null }
  const evidence = verdict.evidence as JsonObject // plain numbers and nulls, as the gate's type says
  const move = (to: Move['to'], reason: string, expect: Move['to'] = 'Staging'): Move => ({
    version: challenger.version,
    to,
    expect,
    cause: { actor: 'understudy', reason, evidence },
  })
  if (!ruling.moves) {
    const why = input.again
      ? 'a further look at a month that was decided moves nothing'
      : `v${cast.production} has learnt rows of this holdout, so v${cast.comparison} was compared instead, in hindsight; that moves nothing`
    return { ...nothing, moves: input.challenger === null ? [move('Archived', why, 'None')] : [], notes: [why] }
  }
  const promote = (): readonly Move[] => {
    const promoted = move('Production', verdict.reason)
    if (cast.production === null) return [promoted]
    const replaced = { actor: 'understudy', reason: `replaced by v${challenger.version}: ${verdict.reason}`, evidence }
    return [{ version: cast.production, to: 'Archived', expect: 'Production', cause: replaced }, promoted]
  }
  switch (verdict.kind) {
    case 'promote':
      return { ...nothing, moves: promote(), applied: true, promoted: true }
    case 'keep':
      return { ...nothing, moves: [move('Archived', verdict.reason)], applied: true }
    case 'escalate':
      if (input.onEscalate === 'ask') return { ...nothing, applied: true }
      if (input.onEscalate === 'promote-better' && (verdict.evidence.difference?.mean ?? 0) < 0) {
        return { ...nothing, moves: promote(), applied: true, promoted: true, insteadOfAsking: 'promoted' }
      }
      return { ...nothing, moves: [move('Archived', verdict.reason)], applied: true, insteadOfAsking: 'kept' }
    default:
      return unreachable(verdict.kind)
  }
}

/** Why a month has no rows, as far as the table can tell. */
async function nothingThere({ warehouse, project }: LifecycleRooms, input: CycleInput): Promise<string> {
  const { raw } = tablesOf(input.size, input.timeReading)
  const partitions = (await warehouse.describe(raw))?.partitions ?? []
  const span = `${partitions[0]?.month ?? 'nothing'} to ${partitions.at(-1)?.month ?? 'nothing'}`
  return `${raw} has no ${project.row.many} in ${windowText(input)}; it holds ${span}`
}

type Described = Omit<CycleOutcome, 'applied' | 'insteadOfAsking' | 'notes' | 'stages'>

function describeOutcome(
  rooms: LifecycleRooms,
  { input, fresh, cast, champion, challenger, ruling }: Input,
): Described {
  const { verdict } = ruling
  return {
    month: windowText(input),
    from: new Date(input.fromMs).toISOString(),
    to: new Date(input.toMs).toISOString(),
    model: input.model,
    size: input.size,
    origin: input.origin,
    rawRows: fresh.rawRows,
    rawFingerprint: fresh.rawFingerprint,
    rows: fresh.rows,
    holdoutRows: fresh.holdoutRows,
    holdoutDays: fresh.holdoutDays,
    looks: cast.looks,
    level: verdict?.evidence.level ?? levelOfLook(cast.looks),
    metric: rooms.project.metric,
    champion:
      champion === null ? null : scored(champion.version, verdict?.evidence.champion ?? null, champion.monthError),
    challenger: challenger === null ? null : scored(challenger.version, verdict?.evidence.challenger ?? null, null),
    difference: verdict?.evidence.difference ?? null,
    threshold: input.threshold,
    rule: input.rule,
    verdict: verdict?.kind ?? 'keep',
    case: verdict?.case ?? 'nothing-to-compare',
    reason: verdict?.reason ?? ruling.blocked ?? '',
    warning: verdict?.warning ?? null,
    otherRule: verdict?.otherRule ?? null,
    runId: cast.runId,
  }
}

function scored(version: number, estimate: ErrorEstimate | null, monthError: number | null): ScoredVersion {
  return {
    version,
    error: estimate?.mean ?? null,
    low: estimate?.interval?.low ?? null,
    high: estimate?.interval?.high ?? null,
    monthError,
  }
}

/** Every version with its stage, those that serve or wait first, then the newest. */
export async function stageLines(rooms: Pick<LifecycleRooms, 'tracking'>, model: string): Promise<StageLine[]> {
  const rank = { Production: 0, Staging: 1, None: 2, Archived: 2 } as const
  const last = new Map(
    (await rooms.tracking.history(model)).map((transition) => [transition.version, transition.reason]),
  )
  return (await rooms.tracking.versions(model))
    .map(({ version, stage }) => ({ version, stage, note: last.get(version) ?? '' }))
    .sort((a, b) => rank[a.stage] - rank[b.stage] || b.version - a.version)
}

/** The evidence, kept in the cycle's own run. Safe to repeat: an ended run has it already. */
async function record(rooms: LifecycleRooms, { input, cast }: Input, outcome: CycleOutcome): Promise<void> {
  const { tracking } = rooms
  const run = await tracking.run(cast.runId)
  if (run.status !== 'RUNNING') return
  await tracking.logParams(run.id, {
    context: 'cycle',
    training_set_size: input.size,
    row_count: String(outcome.rows),
    window_from: outcome.from,
    window_to: outcome.to,
    gate_rule: input.rule,
    gate_threshold: String(input.threshold),
    split_ratio: String(input.splitRatio),
    seed: String(input.seed),
    trainers: input.trainers.join(','),
    train_window: input.trainWindow ?? 'default',
    refit: String(input.refit),
    time_reading: input.timeReading,
  })
  const values: Record<string, number | null> = {
    champion_holdout_mae: outcome.champion?.error ?? null,
    challenger_holdout_mae: outcome.challenger?.error ?? null,
    champion_month_mae: outcome.champion?.monthError ?? null,
    difference: outcome.difference?.mean ?? null,
    difference_low: outcome.difference?.low ?? null,
    difference_high: outcome.difference?.high ?? null,
    smallest_visible_difference: outcome.difference?.smallestVisible ?? null,
    holdout_rows: outcome.holdoutRows,
    holdout_days: outcome.holdoutDays,
  }
  const metrics: Metric[] = []
  for (const [key, value] of Object.entries(values)) {
    if (value !== null) metrics.push({ key, value, step: 0, timestampMs: run.startedAtMs })
  }
  await tracking.logMetrics(run.id, metrics)
  await tracking.setTags(run.id, { 'understudy.verdict': outcome.verdict, 'understudy.reason': outcome.reason })
  await tracking.logArtifact(run.id, 'verdict.json', Buffer.from(JSON.stringify(outcome, null, 1)))
  await tracking.endRun(run.id, 'FINISHED')
}
