// The tables that Understudy reads and writes: MLflow's, as far as they are used here, and our own beside them.
import type { ColumnType, Kysely } from 'kysely'

/** A 64-bit integer. One beyond 2^53 is a bigint. */
type Int64 = ColumnType<number | bigint>
type NullableInt64 = ColumnType<number | bigint | null>
/** A column with a default, which nothing here changes. */
type Defaulted<T> = ColumnType<T, T | undefined, never>

interface Point {
  key: string
  /** NaN is 0 here, with `is_nan` 1; the infinities are plus and minus the largest double. */
  value: number
  timestamp: Int64
  step: Int64
  is_nan: number
  run_uuid: string
}

interface KeyValue {
  key: string
  value: string | null
}

export interface TrackingSchema {
  alembic_version: { version_num: string }
  workspaces: { name: string; description: string | null }
  experiments: {
    experiment_id: ColumnType<number, number | undefined, never>
    name: string
    artifact_location: string | null
    lifecycle_stage: string | null
    creation_time: NullableInt64
    last_update_time: NullableInt64
    workspace: Defaulted<string>
  }
  runs: {
    run_uuid: string
    name: string | null
    source_type: string | null
    source_name: string | null
    entry_point_name: string | null
    user_id: string | null
    status: string | null
    start_time: NullableInt64
    end_time: NullableInt64
    source_version: string | null
    lifecycle_stage: string | null
    artifact_uri: string | null
    experiment_id: number
    deleted_time: ColumnType<number | bigint | null, number | null | undefined, number | null>
    rowid: ColumnType<number, never, never>
  }
  experiment_tags: { key: string; value: string | null; experiment_id: number }
  metrics: Point & { rowid: ColumnType<number, never, never> }
  latest_metrics: Point
  params: { key: string; value: string; run_uuid: string }
  tags: KeyValue & { run_uuid: string }
  datasets: {
    dataset_uuid: string
    experiment_id: number
    name: string
    digest: string
    dataset_source_type: string
    dataset_source: string
    dataset_schema: string | null
    dataset_profile: string | null
  }
  inputs: {
    input_uuid: string
    source_type: string
    source_id: string
    destination_type: string
    destination_id: string
    step: ColumnType<number | bigint, number | bigint | undefined, number | bigint>
    rowid: ColumnType<number, never, never>
  }
  input_tags: { input_uuid: string; name: string; value: string }
  /** MLflow 3's models: known by an id of their own, logged by a run. */
  logged_models: {
    model_id: string
    experiment_id: number
    name: string
    artifact_location: string
    creation_timestamp_ms: Int64
    last_updated_timestamp_ms: Int64
    /** MLflow's number: 1 pending, 2 ready, 3 upload failed. */
    status: number
    lifecycle_stage: string | null
    model_type: string | null
    source_run_id: string | null
    status_message: string | null
  }
  logged_model_params: { model_id: string; experiment_id: number; param_key: string; param_value: string }
  logged_model_tags: { model_id: string; experiment_id: number; tag_key: string; tag_value: string }
  logged_model_metrics: {
    model_id: string
    metric_name: string
    metric_timestamp_ms: Int64
    metric_step: Int64
    metric_value: number | null
    experiment_id: number
    run_id: string
    dataset_uuid: string | null
    dataset_name: string | null
    dataset_digest: string | null
  }
  registered_models: {
    name: string
    creation_time: NullableInt64
    last_updated_time: NullableInt64
    description: string | null
    workspace: Defaulted<string>
  }
  registered_model_tags: KeyValue & { name: string; workspace: Defaulted<string> }
  registered_model_aliases: { alias: string; version: number; name: string; workspace: Defaulted<string> }
  model_versions: {
    name: string
    version: number
    creation_time: NullableInt64
    last_updated_time: NullableInt64
    description: string | null
    user_id: string | null
    current_stage: string | null
    source: string | null
    run_id: string | null
    status: string | null
    status_message: ColumnType<string | null, string | null | undefined, string | null>
    run_link: ColumnType<string | null, string | null | undefined, string | null>
    storage_location: string | null
    workspace: Defaulted<string>
  }
  model_version_tags: KeyValue & { name: string; version: number; workspace: Defaulted<string> }
  understudy_transitions: {
    id: number
    name: string
    version: number
    from_stage: string
    to_stage: string
    actor: string
    reason: string
    evidence: string
    at_ms: Int64
    previous_seal: string
    seal: string
  }
  understudy_effects: { effect_key: string; kind: string; result: string; at_ms: Int64 }
  understudy_version_numbers: { name: string; highest: number }
}

/** The database, or one transaction of it. */
export type Sql = Kysely<TrackingSchema>

/** MLflow's workspace: the one it makes and uses unless told otherwise. */
export const WORKSPACE = 'default'
