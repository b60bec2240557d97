// MLflow's entities as they come over HTTP, read into our own: what is not needed here is not asked for.
import { z } from 'zod'
import type { Json } from '../kernel/json.ts'
import type { DatasetInput, Metric, ModelVersion, Run } from './port.ts'
import { CONTEXT_TAG, statusOf } from './run-rules.ts'
import { DELETED_STAGE, stageOf } from './stages.ts'

/** Which of a run's data sets came first, kept with each: MLflow tells them in any order. */
export const ORDER_TAG = 'understudy.order'
/** What an operation is known by, so that it is not done twice; on what it made. */
export const REQUEST_TAG = 'understudy.request'
/** On a version: one for each move of it that was carried out, with who, why and when. */
export const MOVE_TAG = 'understudy.move.'

/** Whole numbers of 64 bits come as numbers from MLflow, and as text from whoever follows protobuf to the letter. */
const int64 = z.union([z.number(), z.string().transform(Number)])
const keyValues = z.array(z.object({ key: z.string(), value: z.string().default('') })).default([])
const real = z.union([
  z.number(),
  z.enum(['NaN', 'Infinity', '-Infinity']).transform(Number),
  z
    .string()
    .regex(/^-?[\d.]+([eE][-+]?\d+)?$/)
    .transform(Number),
])

export const Nothing = z.unknown().transform(() => null)

export const ExperimentShape = z.object({
  experiment_id: z.string(),
  name: z.string(),
  lifecycle_stage: z.string().default('active'),
  artifact_location: z.string().default(''),
  tags: keyValues,
})

const MetricShape = z.object({
  key: z.string(),
  value: real.default(0),
  timestamp: int64.default(0),
  step: int64.default(0),
})

const InputShape = z.object({
  tags: keyValues,
  dataset: z.object({
    name: z.string(),
    digest: z.string(),
    source_type: z.string().default(''),
    source: z.string().default(''),
    schema: z.string().optional(),
    profile: z.string().optional(),
  }),
})

export const RunShape = z.object({
  info: z.object({
    run_id: z.string(),
    experiment_id: z.string(),
    run_name: z.string().default(''),
    status: z.string().default('RUNNING'),
    start_time: int64.default(0),
    end_time: int64.optional(),
    artifact_uri: z.string().default(''),
    lifecycle_stage: z.string().default('active'),
  }),
  data: z.object({ metrics: z.array(MetricShape).default([]), params: keyValues, tags: keyValues }).default({
    ...{ metrics: [], params: [], tags: [] },
  }),
  inputs: z.object({ dataset_inputs: z.array(InputShape).default([]) }).optional(),
})
export type RunRead = z.infer<typeof RunShape>

export const VersionShape = z.object({
  name: z.string(),
  version: z.union([z.string().regex(/^\d+$/).transform(Number), z.int()]),
  creation_timestamp: int64.default(0),
  current_stage: z.string().default('None'),
  description: z.string().default(''),
  source: z.string().default(''),
  run_id: z.string().default(''),
  tags: keyValues,
})
export type VersionRead = z.infer<typeof VersionShape>

export const HistoryShape = z.object({
  metrics: z.array(MetricShape).default([]),
  next_page_token: z.string().optional(),
})

/** A run of ours, from one of theirs. */
export function runOf({ info, data }: RunRead): Run {
  const tags = textsOf(data.tags)
  return {
    id: info.run_id,
    experimentId: info.experiment_id,
    name: info.run_name === '' ? (tags['mlflow.runName'] ?? '') : info.run_name,
    status: statusOf(info.status),
    startedAtMs: info.start_time,
    endedAtMs: info.end_time === undefined || info.end_time === 0 ? null : info.end_time,
    params: textsOf(data.params),
    metrics: Object.fromEntries(data.metrics.map(({ key, value }) => [key, readValue(value)] as const)),
    tags: withoutOurs(tags),
    artifactUri: info.artifact_uri,
  }
}

/** A version of ours; null for one that was deleted. */
export function versionOf(read: VersionRead): ModelVersion | null {
  if (read.current_stage === DELETED_STAGE) return null
  return {
    name: read.name,
    version: read.version,
    stage: stageOf(read.current_stage),
    runId: read.run_id === '' ? null : read.run_id,
    source: read.source,
    description: read.description,
    createdAtMs: read.creation_timestamp,
    tags: withoutOurs(textsOf(read.tags)),
  }
}

export function metricOf({ key, value, step, timestamp }: z.infer<typeof MetricShape>): Metric {
  return { key, value: readValue(value), step, timestampMs: timestamp }
}

/** A run's data sets, in the order they were logged as far as that is known. */
export function inputsOf({ inputs }: RunRead): DatasetInput[] {
  const read = (inputs?.dataset_inputs ?? []).map(({ tags, dataset }) => {
    const texts = textsOf(tags)
    const input: DatasetInput = {
      name: dataset.name,
      digest: dataset.digest,
      context: texts[CONTEXT_TAG] ?? '',
      sourceType: dataset.source_type,
      source: jsonOf(dataset.source),
      schema: jsonOf(dataset.schema),
      profile: jsonOf(dataset.profile),
    }
    return { order: Number(texts[ORDER_TAG] ?? Number.POSITIVE_INFINITY), input }
  })
  return read.toSorted((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0)).map(({ input }) => input)
}

/** Tags as MLflow takes them. */
export function pairs(texts: Readonly<Record<string, string>>): { key: string; value: string }[] {
  return Object.entries(texts).map(([key, value]) => ({ key, value }))
}

export function textsOf(list: readonly { key: string; value: string }[]): Record<string, string> {
  return Object.fromEntries(list.map(({ key, value }) => [key, value] as const))
}

/** MLflow's form of a number that JSON has no word for. */
export function writeValue(value: number): number | string {
  return Number.isFinite(value) ? value : String(value)
}

/** The largest double stands for infinity: MLflow's columns cannot tell the two apart. */
function readValue(value: number): number {
  return Math.abs(value) === Number.MAX_VALUE ? Math.sign(value) * Number.POSITIVE_INFINITY : value
}

/** What we write beside what we are told to write, for ourselves. */
function withoutOurs(tags: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).filter(([key]) => key !== REQUEST_TAG && !key.startsWith(MOVE_TAG)))
}

/** A JSON text as its value; text that is none (another program wrote it) as it is. */
function jsonOf(text: string | undefined): Json {
  if (text === undefined || text === '') return null
  try {
    return JSON.parse(text) as Json // what JSON.parse returns is JSON
  } catch {
    return text
  }
}
