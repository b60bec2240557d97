// What a person opens of a training: its curve, where it errs, and a card that says what it is good for.
import { selectCleaningReport } from '../features/select.ts'
import { monthsOf, monthWindow, type TimeWindow } from '../kernel/window.ts'
import type { ModelVersion } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { tablesOf } from './project.ts'
import type { RunSubject } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import type { Trained } from './training-plan.ts'
import { readTrainingRecord, type TrainingRecord } from './training-record.ts'
import { modelCard } from './training-report-card.ts'
import { againstChart, importanceChart, learningCurve, sliceChart } from './training-report-charts.ts'
import type { CardFacts } from './training-report-facts.ts'
import { looksAtHoldout } from './training-report-looks.ts'
import { gainsOf, type Measured, measure } from './training-report-measures.ts'

/** Where it lies among a run's artifacts. */
export const REPORT_FOLDER = 'report'
const CARD = 'model_card.md'
const CURVE = 'learning_curve.svg'

/** Draws how a training learnt, once it has; nothing where it did so in one step. */
export async function drawTraining(
  { tracking, project }: LifecycleRooms,
  { plan, run, result }: Trained,
): Promise<void> {
  const chart = learningCurve(project, plan.trainer, result)
  if (chart !== null) await tracking.logArtifact(run.id, `${REPORT_FOLDER}/${CURVE}`, Buffer.from(chart))
}

/** What a report is about besides the training itself. */
export interface Reported {
  readonly subject: RunSubject
  /** The rows it is measured on, and the version it is up against there; null where it is measured on none. */
  readonly holdout: { readonly window: TimeWindow; readonly comparedWith: number | null } | null
}

/**
 * Writes the report of a training to its run, which is still open: charts of the holdout, and the card. Without a holdout, or without a
 * version, the card says so, and shows what there is. Safe to repeat: the same files are written again.
 */
export async function reportTraining(
  rooms: LifecycleRooms,
  { subject, holdout }: Reported,
  { runId, version }: { readonly runId: string; readonly version: ModelVersion | null },
  signal: AbortSignal,
): Promise<void> {
  const { tracking, project } = rooms
  const record = await readTrainingRecord(tracking, runId)
  if (record === null) return // the training began under an earlier program
  const run = await tracking.run(runId)
  const refitOf = version?.tags[TAG.refitOf] ?? null
  const measured =
    version === null || holdout === null
      ? { reason: whyUnmeasured(version, refitOf) }
      : await measure(rooms, {
          subject,
          version: version.version,
          ...holdout,
          looks: await looksAtHoldout(rooms, subject, holdout.window, version),
          gains: record.result.importances,
          signal,
        })
  const charts = chartsOf(rooms, record, measured)
  for (const [name, svg] of charts) await tracking.logArtifact(runId, `${REPORT_FOLDER}/${name}`, Buffer.from(svg))
  const files = await tracking.listArtifacts(runId)
  const hasCurve = files.some(({ path }) => path === `${REPORT_FOLDER}/${CURVE}`)
  const facts: CardFacts = {
    ...{ project, run, record, measured, refitOf },
    model: subject.model,
    version: version?.version ?? null,
    data: await tracking.inputs(runId),
    cleaning: await cleaningOf(rooms, subject, record),
    charts: [...(hasCurve ? [CURVE] : []), ...charts.keys()],
  }
  await tracking.logArtifact(runId, `${REPORT_FOLDER}/${CARD}`, Buffer.from(modelCard(facts)))
}

function whyUnmeasured(version: ModelVersion | null, refitOf: string | null): string {
  if (version === null) return 'it became no version'
  return refitOf === null
    ? 'none was set aside'
    : `it learnt all of the window, the rows included that v${refitOf} was judged on; the next month is its first measurement`
}

/** The charts that can be drawn, by file name. */
function chartsOf(
  { project }: LifecycleRooms,
  { result }: TrainingRecord,
  measured: Measured | { readonly reason: string },
): ReadonlyMap<string, string> {
  const charts = new Map<string, string>()
  const isMeasured = !('reason' in measured)
  if (isMeasured) {
    for (const slice of measured.slices)
      charts.set(`error_by_${slice.slice.name}.svg`, sliceChart(project, slice, measured))
    charts.set('predicted_against_actual.svg', againstChart(project, measured))
  }
  const importance = isMeasured ? measured.importance : gainsOf(result.importances)
  if (importance !== null) charts.set('importance.svg', importanceChart(project, importance))
  return charts
}

/** Above so many rows the reasons for which cleaning left rows out are not counted again: it means comparing each row with all. */
const MOST_COUNTED = 2_000_000

/** What cleaning took and left of the months that were learnt, whole months. */
async function cleaningOf(
  { project, warehouse }: LifecycleRooms,
  subject: RunSubject,
  { request }: TrainingRecord,
): Promise<CardFacts['cleaning']> {
  const months = monthsOf({ fromMs: request.fit.fromMs, toMs: (request.earlyStop ?? request.fit).toMs })
  const tables = tablesOf(project, subject)
  const rowsIn = async (table: string): Promise<number> =>
    ((await warehouse.describe(table))?.partitions ?? [])
      .filter(({ month }) => months.includes(month))
      .reduce((sum, { rows }) => sum + rows, 0)
  const [raw, kept] = [await rowsIn(tables.raw), await rowsIn(tables.processed)]
  const [first, last] = [months[0], months.at(-1)]
  if (first === undefined || last === undefined || raw === 0 || raw > MOST_COUNTED) return { raw, kept, left: null }
  const window = { fromMs: monthWindow(first).fromMs, toMs: monthWindow(last).toMs }
  const specification = project.specification(subject.timeReading)
  const { columns } = await warehouse.query(tables.raw, window, selectCleaningReport(specification, warehouse.dialect))
  const { source: _, kept: __, ...others } = columns
  return { raw, kept, left: Object.fromEntries(Object.entries(others).map(([name, [count]]) => [name, count ?? 0])) }
}
