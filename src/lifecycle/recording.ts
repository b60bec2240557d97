// What every run in tracking says about itself: its data, its code, its environment; the recipe's names where it has some.
import { specificationDigest } from '../features/specification.ts'
import type { JsonObject } from '../kernel/json.ts'
import { dayText, type Month, monthOf, type TimeWindow } from '../kernel/window.ts'
import type { DatasetInput, Run, Tracking } from '../tracking/port.ts'
import { fingerprintOf } from './preprocess.ts'
import { tablesOf } from './project.ts'
import type { LifecycleRooms } from './rooms.ts'

/** What a run belongs to. */
export interface RunSubject {
  readonly experiment: string
  readonly model: string
  readonly size: string
  readonly timeReading: 'utc' | 'local'
  readonly origin: string
}

/** What is filed under which kind; the value of the tag `understudy.kind`. */
export type RunKind = 'cycle' | 'train' | 'evaluate' | 'monitor'
const KIND = 'understudy.kind'
const MODEL = 'understudy.model'

/** Starts a run with the tags that say which code and machine it came from. */
export async function startRun(
  rooms: LifecycleRooms,
  subject: RunSubject,
  run: { kind: RunKind; name: string; parentRunId: string | null; tags?: Readonly<Record<string, string>> },
  effect?: string,
): Promise<Run> {
  const { provenance, project } = rooms
  const experiment = await rooms.tracking.experiment(subject.experiment)
  const tags: Record<string, string> = {
    [KIND]: run.kind,
    [MODEL]: subject.model,
    'understudy.origin': subject.origin,
    'understudy.code_digest': provenance.codeDigest,
    'understudy.git_dirty': String(provenance.gitDirty),
    'understudy.packages_digest': provenance.packagesDigest,
    'understudy.node': provenance.node,
    'understudy.machine': provenance.machine,
    'understudy.preprocessing': specificationDigest(project.specification(subject.timeReading)),
    ...(provenance.gitCommit === null ? {} : { 'mlflow.source.git.commit': provenance.gitCommit }),
    ...(run.parentRunId === null ? {} : { 'mlflow.parentRunId': run.parentRunId }),
    ...run.tags,
  }
  return await rooms.tracking.startRun({ experimentId: experiment.id, name: run.name, tags }, effect)
}

/** The data a run read, as an MLflow data set: table, window, fingerprint, number of rows. */
export async function datasetInput(
  rooms: LifecycleRooms,
  subject: RunSubject,
  data: { window: TimeWindow; rows: number; context: 'train' | 'eval' },
): Promise<DatasetInput> {
  const table = tablesOf(subject.size, subject.timeReading).processed
  const fingerprint = await fingerprintOf(rooms.warehouse, table, data.window)
  const specification = rooms.project.specification(subject.timeReading)
  const source: JsonObject = {
    table,
    origin: subject.origin,
    from: new Date(data.window.fromMs).toISOString(),
    to: new Date(data.window.toMs).toISOString(),
    order: specification.columns.map((column) => column.name),
    fingerprint,
  }
  return {
    name: table,
    digest: fingerprint.slice(0, 36),
    context: data.context,
    sourceType: 'understudy_warehouse',
    source,
    schema: { columns: specification.columns.map(({ name, type }) => ({ name, type })) },
    profile: { num_rows: data.rows },
  }
}

/** The never-finished run that holds Production's error, month by month. Made once per model. */
export async function monitorRun(rooms: LifecycleRooms, subject: RunSubject): Promise<Run> {
  return await startRun(
    rooms,
    subject,
    { kind: 'monitor', name: `monitor ${subject.model}`, parentRunId: null },
    `monitor/${subject.experiment}/${subject.model}`,
  )
}

export const PRODUCTION_METRIC = 'production_mae'

/** A month as a metric's step: 2015-01 is 201501. */
export function stepOfMonth(month: Month): number {
  return Number(month.replace('-', ''))
}

/** The step's month again. */
export function monthOfStep(step: number): string {
  const text = String(step)
  return `${text.slice(0, 4)}-${text.slice(4)}`
}

/** A window in words: a month by its name, anything else by its first and last day. */
export function windowText(window: TimeWindow): string {
  const month = monthOf(window.fromMs)
  const first = `${month}-01`
  const isMonth =
    dayText(window.fromMs) === first && dayText(window.toMs).endsWith('-01') && monthOf(window.toMs - 1) === month
  return isMonth ? month : `${dayText(window.fromMs)} to ${dayText(window.toMs - 1)}`
}

/** Ends as KILLED what an earlier attempt at the same effect left running. */
export async function endAbandonedRuns(tracking: Tracking, experiment: string, effect: string): Promise<void> {
  const found = await tracking.findExperiment(experiment)
  if (found === null) return
  for (const run of await tracking.findRuns(found.id, { 'understudy.effect': effect })) {
    if (run.status === 'RUNNING') await tracking.endRun(run.id, 'KILLED')
  }
}
