// Task `record_outcome`: the whole outcome, with its evidence, in the cycle's own run.
import type { Score } from '../evaluation/day-losses.ts'
import { type ErrorEstimate, levelOfLook } from '../evaluation/interval.ts'
import type { TaskContext } from '../flow/port.ts'
import type { Metric, Run } from '../tracking/port.ts'
import type { Asked } from './ask.ts'
import type { Carried } from './carry-out.ts'
import { learntFrom, TAG } from './champion.ts'
import type { CycleFacts } from './decide.ts'
import { MONTH_SPLIT } from './fresh.ts'
import type { CycleOutcome, ScoredVersion, StageLine } from './outcome.ts'
import { tablesOf } from './project.ts'
import { startRun, windowText } from './recording.ts'
import type { Refitted } from './refit.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'
import { coverageIn } from './scoring.ts'

type Facts = CycleFacts & {
  readonly carried: Carried
  readonly refitted: Refitted | null
  readonly asked: Asked | null
}

export function recordOutcome(rooms: LifecycleRooms) {
  return async (facts: Facts, context: TaskContext): Promise<CycleOutcome> => {
    const { input, fresh, carried, refitted, asked } = facts
    const run = await runToRecordIn(rooms, facts, context.effectKey)
    const outcome: CycleOutcome = {
      ...describe(rooms, facts),
      runId: run.id,
      applied: carried.applied,
      insteadOfAsking: carried.insteadOfAsking,
      notes: [
        ...(input.retrainOf === null
          ? []
          : [`a further look, with other settings, as decision ${input.retrainOf} asked`]),
        ...carried.notes,
        ...(await otherOrigin(rooms, facts)),
        ...(await intervalsLost(rooms, facts)),
        ...(refitted === null ? [] : [refitted.note]),
        ...(fresh.rawRows === 0 ? [await nothingThere(rooms, input)] : []),
      ],
      stages: await stageLines(rooms, input.model),
      decision: asked?.id ?? null,
      retrainOf: input.retrainOf,
    }
    await record(rooms, input, run, outcome)
    return outcome
  }
}

/** Every version with its stage, those that serve or wait first, then the newest. */
export async function stageLines(rooms: Pick<LifecycleRooms, 'tracking'>, model: string): Promise<StageLine[]> {
  const rank = { Production: 0, Staging: 1, None: 2, Archived: 2 } as const
  const history = await rooms.tracking.history(model)
  const last = new Map(history.map((transition) => [transition.version, transition.reason]))
  return (await rooms.tracking.versions(model))
    .map(({ version, stage }) => ({ version, stage, note: last.get(version) ?? '' }))
    .sort((a, b) => rank[a.stage] - rank[b.stage] || b.version - a.version)
}

/** A version that was in Production and does not count for these rows: what it learnt, and what became of it. */
async function otherOrigin({ tracking, project }: LifecycleRooms, { input, cast }: Facts): Promise<string[]> {
  const served = (await tracking.versions(input.model)).find(({ version }) => version === cast.production)
  if (served === undefined || learntFrom(served, input.origin)) return []
  const { version, stage, tags } = served
  const now = stage === 'Production' ? 'it stays' : stage === 'Archived' ? 'it was archived' : `it is in ${stage} now`
  return [
    `v${version}, in Production, learnt ${tags[TAG.origin]} ${project.row.many}, and these are ${input.origin}; ${now}`,
  ]
}

/** Predictions come with intervals until a version that has none takes over: whoever reads them is told why they are gone. */
async function intervalsLost(
  { tracking }: LifecycleRooms,
  { input, carried, champion, challenger }: Facts,
): Promise<string[]> {
  if (!carried.promoted || champion === null || challenger === null) return []
  if (coverageIn(champion.holdout).length === 0 || coverageIn(challenger.holdout).length > 0) return []
  const { tags } = await tracking.version(input.model, challenger.version)
  return [
    `v${champion.version} gave intervals with its predictions, and v${challenger.version} has ${tags[TAG.intervals] ?? 'none'}`,
  ]
}

/** Why a month has no rows, as far as the table can tell. */
async function nothingThere({ warehouse, project }: LifecycleRooms, input: CycleInput): Promise<string> {
  const { raw } = tablesOf(project, input)
  const partitions = (await warehouse.describe(raw))?.partitions ?? []
  const span = `${partitions[0]?.month ?? 'nothing'} to ${partitions.at(-1)?.month ?? 'nothing'}`
  return `${raw} has no ${project.row.many} in ${windowText(input)}; it holds ${span}`
}

type Described = Omit<
  CycleOutcome,
  'runId' | 'applied' | 'insteadOfAsking' | 'notes' | 'stages' | 'decision' | 'retrainOf'
>

function describe(rooms: LifecycleRooms, { input, fresh, cast, champion, challenger, carried }: Facts): Described {
  const { verdict, blocked } = carried.ruling
  const evidence = verdict?.evidence ?? null
  return {
    month: windowText(input),
    from: new Date(input.fromMs).toISOString(),
    to: new Date(input.toMs).toISOString(),
    holdoutFrom: new Date(fresh.holdoutFromMs).toISOString(),
    model: input.model,
    size: input.size,
    origin: input.origin,
    rawRows: fresh.rawRows,
    rawFingerprint: fresh.rawFingerprint,
    rows: fresh.rows,
    holdoutRows: fresh.holdoutRows,
    holdoutDays: fresh.holdoutDays,
    looks: cast.looks,
    level: evidence?.level ?? levelOfLook(cast.looks),
    metric: rooms.project.metric,
    champion: champion === null ? null : scored(champion, evidence?.champion ?? null, champion.monthError),
    challenger: challenger === null ? null : scored(challenger, evidence?.challenger ?? null, null),
    difference: evidence?.difference ?? null,
    threshold: input.threshold,
    rule: input.rule,
    verdict: verdict?.kind ?? 'keep',
    case: carried.overtaken ? 'overtaken' : (verdict?.case ?? 'nothing-to-compare'),
    reason: verdict?.reason ?? blocked ?? '',
    warning: verdict?.warning ?? null,
    otherRule: verdict?.otherRule ?? null,
  }
}

function scored(
  { version, holdout }: { version: number; holdout: Score },
  estimate: ErrorEstimate | null,
  monthError: number | null,
): ScoredVersion {
  const coverage = coverageIn(holdout)
  return {
    version,
    error: estimate?.mean ?? null,
    low: estimate?.interval?.low ?? null,
    high: estimate?.interval?.high ?? null,
    monthError,
    ...(coverage.length === 0 ? {} : { coverage }),
  }
}

/** The cycle's own run; another one if a later cycle has ended it, taking it for abandoned, before the verdict was in it. */
async function runToRecordIn(rooms: LifecycleRooms, { input, cast }: Facts, effectKey: string): Promise<Run> {
  const own = await rooms.tracking.run(cast.runId)
  if (own.status === 'RUNNING' || VERDICT_TAG in own.tags) return own
  const name = `cycle ${windowText(input)}, gone on with`
  return await startRun(rooms, input, { kind: 'cycle', name, parentRunId: cast.runId }, `${effectKey}/run`)
}

const VERDICT_TAG = 'understudy.verdict'

/** The evidence, kept in the cycle's own run. Safe to repeat: an ended run has it already. */
async function record(rooms: LifecycleRooms, input: CycleInput, run: Run, outcome: CycleOutcome): Promise<void> {
  const { tracking } = rooms
  if (run.status !== 'RUNNING') return
  await tracking.logParams(run.id, {
    context: 'cycle',
    training_set_size: input.size,
    row_count: String(outcome.rows),
    window_from: outcome.from,
    window_to: outcome.to,
    gate_rule: input.rule,
    gate_threshold: String(input.threshold),
    split_ratio: String(MONTH_SPLIT),
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
  await tracking.setTags(run.id, { [VERDICT_TAG]: outcome.verdict, 'understudy.reason': outcome.reason })
  await tracking.logArtifact(run.id, 'verdict.json', Buffer.from(JSON.stringify(outcome, null, 1)))
  await tracking.endRun(run.id, 'FINISHED')
}
