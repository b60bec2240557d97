// What every run in tracking says about itself: its data, its code, its environment; the recipe's names where it has some.
import { type FeatureSpecification, specificationDigest } from '../features/specification.ts'
import { digestOf, type JsonObject } from '../kernel/json.ts'
import { dayText, type Month, monthOf, monthWindow, type TimeWindow } from '../kernel/window.ts'
import { KIND_TAG } from '../tracking/own-runs.ts'
import type { DatasetInput, Run, Tracking } from '../tracking/port.ts'
import { TAG } from './champion.ts'
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

/** What is filed under which kind; the value of the tag `KIND_TAG`. */
type RunKind = 'cycle' | 'train' | 'evaluate' | 'monitor' | 'tune' | 'trial'
const MODEL = 'understudy.model'
/** MLflow's own: its page nests a run below the one that this names. */
const PARENT = 'mlflow.parentRunId'

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
    [KIND_TAG]: run.kind,
    [MODEL]: subject.model,
    [TAG.origin]: subject.origin,
    'understudy.code_digest': provenance.codeDigest,
    'understudy.git_dirty': String(provenance.gitDirty),
    'understudy.packages_digest': provenance.packagesDigest,
    'understudy.node': provenance.node,
    'understudy.machine': provenance.machine,
    'understudy.preprocessing': specificationDigest(project.specification(subject.timeReading)),
    ...(provenance.gitCommit === null ? {} : { 'mlflow.source.git.commit': provenance.gitCommit }),
    ...(run.parentRunId === null ? {} : { [PARENT]: run.parentRunId }),
    ...(effect === undefined ? {} : { [TAG.effect]: effect }),
    ...run.tags,
  }
  const started = await rooms.tracking.startRun({ experimentId: experiment.id, name: run.name, tags }, effect)
  return await rooms.tracking.run(started.id) // a run found again by its effect may have gone on, or ended, since
}

/** The data a run read, as an MLflow data set: table, window, fingerprint, number of rows. */
export async function datasetInput(
  rooms: LifecycleRooms,
  subject: RunSubject,
  data: { window: TimeWindow; rows: number; context: 'train' | 'eval' },
): Promise<DatasetInput> {
  const table = tablesOf(rooms.project, subject).processed
  const fingerprint = await fingerprintOf(rooms.warehouse, table, data.window)
  const specification = rooms.project.specification(subject.timeReading)
  const source: JsonObject = {
    table,
    origin: subject.origin,
    from: new Date(data.window.fromMs).toISOString(),
    to: new Date(data.window.toMs).toISOString(),
    query: queryText(table, specification, data.window),
    preprocessing: specificationDigest(specification),
    fingerprint,
  }
  return {
    name: table,
    // MLflow keeps one description per name and digest: two windows of one month must not share theirs.
    digest: digestOf({ fingerprint, ...data.window, rows: data.rows }).slice(0, 36),
    context: data.context,
    sourceType: 'understudy_warehouse',
    source,
    schema: { columns: specification.columns.map(({ name, type }) => ({ name, type })) },
    profile: { num_rows: data.rows },
  }
}

/** The rows in SQL, in the order they were read. */
function queryText(table: string, { timeColumn, columns }: FeatureSpecification, window: TimeWindow): string {
  const order = [timeColumn, ...columns.map(({ name }) => name).filter((name) => name !== timeColumn)]
  const instant = (ms: number): string => `timestamp '${new Date(ms).toISOString().slice(0, -1).replace('T', ' ')}'`
  const within = `${timeColumn} >= ${instant(window.fromMs)} and ${timeColumn} < ${instant(window.toMs)}`
  return `select * from ${table} where ${within} order by ${order.join(', ')}`
}

/** The never-finished run that holds Production's error, month by month. One per model and origin, and another if somebody ended it. */
export async function monitorRun(rooms: LifecycleRooms, subject: RunSubject): Promise<Run> {
  const ended = await monitorRuns(rooms.tracking, subject)
  const open = ended.find((run) => run.status === 'RUNNING')
  if (open !== undefined) return open
  const name = `monitor ${subject.model}`
  const effect = `monitor/${subject.experiment}/${subject.model}/${subject.origin}/${ended.length}`
  return await startRun(rooms, subject, { kind: 'monitor', name, parentRunId: null }, effect)
}

/** Every monitor run of a model on rows of an origin, newest first. */
async function monitorRuns(
  tracking: Tracking,
  subject: Pick<RunSubject, 'experiment' | 'model' | 'origin'>,
): Promise<readonly Run[]> {
  const experiment = await tracking.findExperiment(subject.experiment)
  if (experiment === null) return []
  const runs = await runsOf(tracking, experiment.id, 'monitor', subject.model)
  return runs.filter(({ tags }) => tags[TAG.origin] === subject.origin)
}

/** A model's runs of one kind in an experiment, newest first. */
export async function runsOf(
  tracking: Pick<Tracking, 'findRuns'>,
  experimentId: string,
  kind: RunKind,
  model: string,
): Promise<readonly Run[]> {
  return await tracking.findRuns(experimentId, { [KIND_TAG]: kind, [MODEL]: model })
}

/** Begins the names of what is measured of Production, month by month; its step is the month. */
export const PRODUCTION = 'production_'
export const PRODUCTION_METRIC = `${PRODUCTION}mae`
/** The rows of the month. */
export const PRODUCTION_ROWS = `${PRODUCTION}rows`

/** A month as a metric's step: 2015-01 is 201501. */
export function stepOfMonth(month: Month): number {
  return Number(month.replace('-', ''))
}

/** The step's month again. */
export function monthOfStep(step: number): string {
  const text = String(step)
  return `${text.slice(0, 4)}-${text.slice(4)}`
}

/** Whether a window is one calendar month. */
export function isCalendarMonth(window: TimeWindow): boolean {
  const month = monthWindow(monthOf(window.fromMs))
  return window.fromMs === month.fromMs && window.toMs === month.toMs
}

/** A window in words: a month by its name, anything else by its first and last day. */
export function windowText(window: TimeWindow): string {
  if (isCalendarMonth(window)) return monthOf(window.fromMs)
  return window.toMs <= window.fromMs
    ? `before ${dayText(window.toMs)}`
    : `${dayText(window.fromMs)} to ${dayText(window.toMs - 1)}`
}

/** Ends as KILLED what an earlier attempt at the same effect left running. */
export async function endAbandonedAttempts(tracking: Tracking, experiment: string, effect: string): Promise<void> {
  await endRunning(tracking, experiment, { [TAG.effect]: effect }, () => true)
}

/** Ends as KILLED the runs of a model's cycles that nobody will go on with: whoever calls this holds the model's lock. */
export async function endAbandonedCycles(
  rooms: LifecycleRooms,
  subject: Pick<RunSubject, 'experiment' | 'model'>,
  ownRunId: string,
): Promise<void> {
  const { tracking } = rooms
  const isOurs = await oursAmong(rooms)
  for (const kind of ['cycle', 'train', 'evaluate'] as const) {
    const tags = { [KIND_TAG]: kind, [MODEL]: subject.model }
    await endRunning(tracking, subject.experiment, tags, (run) => run.id !== ownRunId && isOurs(run))
  }
  await endAbandonedSearches(rooms, subject, { whose: 'of cycles', but: null })
}

/** The same for searches, with their trials: those that cycles began, or those that a person asked for. */
export async function endAbandonedSearches(
  rooms: LifecycleRooms,
  subject: Pick<RunSubject, 'experiment' | 'model'>,
  { whose, but }: { readonly whose: 'of cycles' | 'by hand'; readonly but: string | null },
): Promise<void> {
  const { tracking } = rooms
  const found = await tracking.findExperiment(subject.experiment)
  if (found === null) return
  const isOurs = await oursAmong(rooms)
  for (const run of await runsOf(tracking, found.id, 'tune', subject.model)) {
    const isOfCycle = run.tags[PARENT] !== undefined
    if (run.status !== 'RUNNING' || run.id === but || isOfCycle !== (whose === 'of cycles') || !isOurs(run)) continue
    await endRunning(tracking, subject.experiment, { [KIND_TAG]: 'trial', [PARENT]: run.id }, () => true)
    await tracking.endRun(run.id, 'KILLED')
  }
}

/**
 * Tells the runs that this home's flows began, which its locks are for. On a server that others share, those of another home may be at work
 * right now: nobody but that home can tell.
 */
async function oursAmong({ engine, isTrackingShared }: LifecycleRooms): Promise<(run: Run) => boolean> {
  if (isTrackingShared !== true) return () => true
  const flowRuns = new Set((await engine.flowRuns()).map(({ id }) => id))
  return ({ tags }) => flowRuns.has(tags[TAG.effect]?.split('/')[0] ?? '')
}

async function endRunning(
  tracking: Tracking,
  experiment: string,
  tags: Readonly<Record<string, string>>,
  isMeant: (run: Run) => boolean,
): Promise<void> {
  const found = await tracking.findExperiment(experiment)
  if (found === null) return
  for (const run of await tracking.findRuns(found.id, tags)) {
    // An evaluation without a parent was asked for by hand, and needs no lock: it may be at work right now.
    const isByHand = tags[KIND_TAG] === 'evaluate' && run.tags[PARENT] === undefined
    if (run.status === 'RUNNING' && isMeant(run) && !isByHand) await tracking.endRun(run.id, 'KILLED')
  }
}
