// What each kind of search can be asked about, as data: its entities and their other names, the keys of attributes, and what each may be
// compared with.
import type { TrackingSchema } from '../tracking/schema.ts'

export type Entity = 'attribute' | 'metric' | 'parameter' | 'tag' | 'dataset'

export type ValueKind =
  /** A quoted text. */
  | 'text'
  | 'number'
  | 'integer'
  /** An integer that may also stand in quotes. */
  | 'quotable integer'
  /** An experiment's id: an integer in quotes. */
  | 'id'
  /** The status of a logged model, by its name. */
  | 'status'

/** An attribute is a column of the table that is searched. */
export interface Attribute<Column extends string = string> {
  readonly column: Column
  readonly values: ValueKind
  /** Whether `IN` and `NOT IN` ask for it. */
  readonly isListed?: true
}

export interface Language<Column extends string = string> {
  /** Whose refusals are worded alike. */
  readonly words: 'runs' | 'experiments' | 'models' | 'versions' | 'logged models'
  /** Every name of an entity, before the dot. */
  readonly entities: Readonly<Record<string, Entity>>
  /** The attributes of filters, by each of their names. */
  readonly attributes: Readonly<Record<string, Attribute<Column>>>
  /** The attributes of order_by, by each of their names. */
  readonly orders: Readonly<Record<string, Column>>
  /** What the entities that are known by a key may be compared with. */
  readonly comparators: Readonly<Partial<Record<Exclude<Entity, 'attribute'>, readonly string[]>>>
  /** Whether a value that should be in quotes may do without them, and a key with - or / in it without backticks. */
  readonly isLenient?: true
}

export const NUMBER_COMPARATORS: readonly string[] = ['=', '!=', '<', '<=', '>', '>=']
export const TEXT_COMPARATORS: readonly string[] = ['=', '!=', 'LIKE', 'ILIKE']
export const LIST_COMPARATORS: readonly string[] = ['IN', 'NOT IN']
const NULL_COMPARATORS: readonly string[] = ['IS NULL', 'IS NOT NULL']
/** An id is the same or another; it is not like one. */
export const ID_COMPARATORS: readonly string[] = ['=', '!=', ...LIST_COMPARATORS]

type ColumnOf<Table extends keyof TrackingSchema> = Extract<keyof TrackingSchema[Table], string>

/** What a run can be asked about a data set of its inputs; `context` is a tag of the input. */
export const DATASET_KEYS = ['name', 'digest', 'context'] as const
export type DatasetKey = (typeof DATASET_KEYS)[number]

const RUN_NAME = { column: 'name', values: 'text' } as const
const STARTED = { column: 'start_time', values: 'number' } as const

export const RUNS: Language<ColumnOf<'runs'>> = {
  words: 'runs',
  entities: {
    ...{ attribute: 'attribute', attributes: 'attribute', attr: 'attribute', run: 'attribute' },
    ...{ metric: 'metric', metrics: 'metric' },
    ...{ parameter: 'parameter', parameters: 'parameter', param: 'parameter', params: 'parameter' },
    ...{ tag: 'tag', tags: 'tag', dataset: 'dataset', datasets: 'dataset' },
  },
  attributes: {
    run_id: { column: 'run_uuid', values: 'text', isListed: true },
    run_name: RUN_NAME,
    'run name': RUN_NAME,
    'Run name': RUN_NAME,
    'Run Name': RUN_NAME,
    status: { column: 'status', values: 'text' },
    user_id: { column: 'user_id', values: 'text' },
    artifact_uri: { column: 'artifact_uri', values: 'text' },
    start_time: STARTED,
    created: STARTED,
    Created: STARTED,
    end_time: { column: 'end_time', values: 'number' },
  },
  orders: {
    ...{ run_id: 'run_uuid', run_name: 'name', status: 'status', user_id: 'user_id', artifact_uri: 'artifact_uri' },
    ...{ start_time: 'start_time', created: 'start_time', Created: 'start_time', end_time: 'end_time' },
  },
  comparators: {
    metric: NUMBER_COMPARATORS,
    parameter: [...TEXT_COMPARATORS, ...NULL_COMPARATORS],
    tag: [...TEXT_COMPARATORS, ...NULL_COMPARATORS],
    dataset: [...TEXT_COMPARATORS, ...LIST_COMPARATORS],
  },
}

/** The entities of what is known by a name: its own attributes, and its tags. */
const ATTRIBUTES_AND_TAGS = { attribute: 'attribute', tag: 'tag', tags: 'tag' } as const

export const EXPERIMENTS: Language<ColumnOf<'experiments'>> = {
  words: 'experiments',
  entities: ATTRIBUTES_AND_TAGS,
  attributes: {
    name: { column: 'name', values: 'text' },
    experiment_id: { column: 'experiment_id', values: 'id', isListed: true },
    creation_time: { column: 'creation_time', values: 'integer' },
    last_update_time: { column: 'last_update_time', values: 'integer' },
  },
  orders: {
    ...{ name: 'name', experiment_id: 'experiment_id' },
    ...{ creation_time: 'creation_time', last_update_time: 'last_update_time' },
  },
  comparators: { tag: [...TEXT_COMPARATORS, ...NULL_COMPARATORS] },
}

export const REGISTERED_MODELS: Language<ColumnOf<'registered_models'>> = {
  words: 'models',
  entities: ATTRIBUTES_AND_TAGS,
  attributes: { name: { column: 'name', values: 'text', isListed: true } },
  orders: { name: 'name', timestamp: 'last_updated_time', last_updated_timestamp: 'last_updated_time' },
  comparators: { tag: TEXT_COMPARATORS },
}

export const MODEL_VERSIONS: Language<ColumnOf<'model_versions'>> = {
  words: 'versions',
  entities: ATTRIBUTES_AND_TAGS,
  attributes: {
    name: { column: 'name', values: 'text', isListed: true },
    version_number: { column: 'version', values: 'quotable integer' },
    run_id: { column: 'run_id', values: 'text', isListed: true },
    source_path: { column: 'source', values: 'text' },
  },
  orders: {
    ...{ name: 'name', version_number: 'version' },
    ...{ creation_timestamp: 'creation_time', last_updated_timestamp: 'last_updated_time' },
  },
  comparators: { tag: TEXT_COMPARATORS },
}

const MADE = { column: 'creation_timestamp_ms', values: 'number' } as const
const CHANGED = { column: 'last_updated_timestamp_ms', values: 'number' } as const

export const LOGGED_MODELS: Language<ColumnOf<'logged_models'>> = {
  words: 'logged models',
  entities: { attributes: 'attribute', metrics: 'metric', params: 'parameter', tags: 'tag' },
  attributes: {
    name: { column: 'name', values: 'text', isListed: true },
    model_id: { column: 'model_id', values: 'text', isListed: true },
    model_type: { column: 'model_type', values: 'text', isListed: true },
    source_run_id: { column: 'source_run_id', values: 'text', isListed: true },
    status: { column: 'status', values: 'status', isListed: true },
    status_message: { column: 'status_message', values: 'text', isListed: true },
    experiment_id: { column: 'experiment_id', values: 'id', isListed: true },
    artifact_location: { column: 'artifact_location', values: 'text', isListed: true },
    ...{ creation_timestamp: MADE, creation_time: MADE, creation_timestamp_ms: MADE },
    ...{ last_updated_timestamp: CHANGED, last_updated_time: CHANGED, last_updated_timestamp_ms: CHANGED },
  },
  orders: {
    ...{ name: 'name', model_id: 'model_id', model_type: 'model_type', source_run_id: 'source_run_id' },
    ...{ status_message: 'status_message', experiment_id: 'experiment_id', artifact_location: 'artifact_location' },
    ...{ status: 'status', creation_timestamp: 'creation_timestamp_ms', creation_time: 'creation_timestamp_ms' },
    ...{ creation_timestamp_ms: 'creation_timestamp_ms', last_updated_timestamp: 'last_updated_timestamp_ms' },
    ...{ last_updated_time: 'last_updated_timestamp_ms', last_updated_timestamp_ms: 'last_updated_timestamp_ms' },
  },
  comparators: {
    metric: NUMBER_COMPARATORS,
    parameter: [...TEXT_COMPARATORS, ...LIST_COMPARATORS],
    tag: [...TEXT_COMPARATORS, ...LIST_COMPARATORS],
  },
  isLenient: true,
}
