// What a training's run keeps of it besides params and metrics: enough to train again, and what only the trainer knew. One JSON file.
import { z } from 'zod'
import { type FeatureSpecification, featureDigest } from '../features/specification.ts'
import { isPlanned } from '../kernel/errors.ts'
import { digestOf, type Json, type JsonObject, sha256 } from '../kernel/json.ts'
import { monthsOf, type TimeWindow } from '../kernel/window.ts'
import type { Tracking } from '../tracking/port.ts'
import type { TableInfo } from '../warehouse/port.ts'
import { specificationFor, tablesOf } from './project.ts'
import type { RunSubject } from './recording.ts'
import type { LifecycleRooms, TrainingRequest } from './rooms.ts'
import { learntBy, type Trained } from './training-plan.ts'
import { cutMonths, digestPart, type LearntPart } from './training-record-parts.ts'

/** Where it lies among the run's artifacts. */
const RECORD_PATH = 'training.json'
/** Where the model's file lies there. */
export const MODEL_PATH = 'model/model.onnx'

const Window = z.object({ fromMs: z.number(), toMs: z.number() })
const Month = z.object({ month: z.string(), raw: z.string().nullable(), processed: z.string().nullable() })

const Part = z.object({ month: z.string(), ...Window.shape, rows: z.int(), sha256: z.string() })

const TrainingRecord = z.object({
  format: z.literal(1),
  size: z.string(),
  origin: z.string(),
  /** What was asked of the trainer, but for the file to start from. */
  request: z.looseObject({
    table: z.string(),
    fit: Window,
    earlyStop: Window.nullable(),
    steps: z.number().nullable(),
    trainer: z.string(),
    settings: z.record(z.string(), z.json()),
    seed: z.number(),
    timeReading: z.enum(['utc', 'local']),
    metadata: z.record(z.string(), z.string()),
  }),
  /** The version it was to start from, and the digest of that file; null for a cold start. */
  warmStart: z.object({ version: z.int(), sha256: z.string() }).nullable(),
  data: z.object({
    /** Fingerprints of the months learnt, of the rows as they came and as they were learnt; null where a table had no such month. */
    months: z.array(Month),
    /** Digests of the rows learnt of months that the window cuts; absent in runs of an earlier program. */
    parts: z.array(Part).optional(),
    /** Digests of what made the learnt rows of the raw ones. */
    cleaning: z.string(),
    features: z.string(),
  }),
  result: z.looseObject({
    /** All settings, the trainer's own included. */
    settings: z.record(z.string(), z.json()),
    fitRows: z.int(),
    earlyStopRows: z.int(),
    epochs: z.int(),
    sampledRows: z.int().optional(),
    averaged: z.int().optional(),
    keptEpoch: z.int(),
    keptSteps: z.int(),
    stoppedEarly: z.boolean(),
    earlyStopMae: z.number().nullable(),
    warmStarted: z.boolean(),
    computedBy: z.string(),
    importances: z.record(z.string(), z.number()).nullable(),
    seconds: z.number(),
  }),
  model: z.object({ sha256: z.string(), bytes: z.int() }),
})
export type TrainingRecord = Readonly<z.infer<typeof TrainingRecord>>

/** Writes the record of a training to its run. */
export async function recordTraining(
  rooms: LifecycleRooms,
  subject: RunSubject,
  trained: Trained,
  { warmStart: file, ...request }: TrainingRequest,
): Promise<TrainingRecord> {
  const { plan, run, result } = trained
  const { model: encoded, epochs, ...facts } = result
  const model = Buffer.from(encoded, 'base64')
  const record = TrainingRecord.parse({
    format: 1,
    size: subject.size,
    origin: subject.origin,
    request,
    warmStart:
      plan.warmStart === null || file === null
        ? null
        : { version: plan.warmStart.version, sha256: sha256(Buffer.from(file, 'base64')) },
    data: {
      months: await monthFingerprints(rooms, subject, learntBy(plan)),
      parts: await learntParts(rooms, subject, request.trainer, learntBy(plan)),
      ...preparationDigests(specificationFor(rooms.project, subject.timeReading, plan.trainer)),
    },
    result: { ...facts, epochs: epochs.length },
    model: { sha256: sha256(model), bytes: model.byteLength },
  })
  await rooms.tracking.logArtifact(run.id, RECORD_PATH, Buffer.from(`${JSON.stringify(record, null, 1)}\n`))
  return record
}

/** The record of a run; null if it has none, as a run that is no training, or one of an earlier program, or one that never came so far. */
export async function readTrainingRecord(tracking: Tracking, runId: string): Promise<TrainingRecord | null> {
  try {
    const bytes = await tracking.readArtifact(runId, RECORD_PATH)
    return TrainingRecord.safeParse(jsonOf(bytes)).data ?? null
  } catch (error) {
    if (isPlanned(error, 'NOT_FOUND')) return null
    throw error
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return null // cut short: as good as none
  }
}

/** What the tables hold of the months of a window, as digests. */
export async function monthFingerprints(
  { project, warehouse }: Pick<LifecycleRooms, 'project' | 'warehouse'>,
  subject: Pick<RunSubject, 'size' | 'timeReading'>,
  window: TimeWindow,
): Promise<TrainingRecord['data']['months']> {
  const tables = tablesOf(project, subject)
  const [raw, processed] = [await warehouse.describe(tables.raw), await warehouse.describe(tables.processed)]
  const known = [prints(raw), prints(processed)] as const
  return monthsOf(window)
    .map((month) => ({ month, raw: known[0].get(month) ?? null, processed: known[1].get(month) ?? null }))
    .filter((month) => month.raw !== null || month.processed !== null)
}

/** Digests of what the processed table holds of the months that a window cuts, within the window, as a trainer learns it. */
export async function learntParts(
  { project, warehouse }: Pick<LifecycleRooms, 'project' | 'warehouse'>,
  subject: Pick<RunSubject, 'size' | 'timeReading'>,
  trainer: string,
  window: TimeWindow,
): Promise<LearntPart[]> {
  const table = tablesOf(project, subject).processed
  const specification = specificationFor(project, subject.timeReading, trainer)
  const parts: LearntPart[] = []
  for (const part of cutMonths(window)) parts.push(await digestPart({ warehouse, table, specification }, part))
  return parts
}

function prints(table: TableInfo | null): Map<string, string> {
  return new Map((table?.partitions ?? []).map(({ month, fingerprint }) => [month, fingerprint]))
}

/** Digests of what a specification does to rows: which it leaves out, and what it makes of the rest. */
export function preparationDigests(specification: FeatureSpecification): { cleaning: string; features: string } {
  const { columns, timeColumn, target, cleaning } = specification
  const rules = JSON.parse(JSON.stringify({ columns, timeColumn, target, cleaning })) as Json // plain JSON by definition
  return { cleaning: digestOf(rules), features: featureDigest(specification) }
}

/** The settings of a record as a trainer takes them. */
export function settingsOf({ result }: Pick<TrainingRecord, 'result'>): JsonObject {
  return result.settings as JsonObject // z.json() is JSON
}

/** All rows a training looked at, those that said when to stop among them. */
export function learntWindow({ request }: Pick<TrainingRecord, 'request'>): TimeWindow {
  return { fromMs: request.fit.fromMs, toMs: (request.earlyStop ?? request.fit).toMs }
}
