// MLflow's entities as its REST interface writes them in JSON, in its own words: what our server sends and our client reads.
// Absent and empty are told apart as MLflow does: a field that is undefined is left out.

/** A whole number of 64 bits: a bigint where a number would lose digits. */
export type WireInt64 = number | bigint

export interface WireKeyValue {
  readonly key: string
  readonly value: string
}

/** `value` is a number, or the text "NaN", "Infinity" or "-Infinity". */
export interface WireMetric {
  readonly key: string
  readonly value: number | string
  readonly timestamp: WireInt64
  readonly step: WireInt64
  readonly dataset_name?: string
  readonly dataset_digest?: string
  readonly model_id?: string
  readonly run_id?: string
}

export interface WireExperiment {
  readonly experiment_id: string
  readonly name: string
  readonly artifact_location: string
  readonly lifecycle_stage: string
  readonly last_update_time?: number
  readonly creation_time?: number
  readonly tags?: readonly WireKeyValue[]
  readonly workspace?: string
}

export interface WireRunInfo {
  readonly run_uuid: string
  readonly experiment_id: string
  readonly run_name: string
  readonly user_id: string
  readonly status: string
  readonly start_time?: WireInt64
  readonly end_time?: WireInt64
  readonly artifact_uri: string
  readonly lifecycle_stage: string
  readonly run_id: string
}

export interface WireDataset {
  readonly name: string
  readonly digest: string
  readonly source_type: string
  readonly source: string
  readonly schema?: string
  readonly profile?: string
}

export interface WireDatasetInput {
  readonly tags?: readonly WireKeyValue[]
  readonly dataset: WireDataset
}

export interface WireRun {
  readonly info: WireRunInfo
  readonly data: {
    readonly metrics?: readonly WireMetric[]
    readonly params?: readonly WireKeyValue[]
    readonly tags?: readonly WireKeyValue[]
  }
  readonly inputs?: {
    readonly dataset_inputs?: readonly WireDatasetInput[]
    readonly model_inputs?: readonly { readonly model_id: string }[]
  }
  readonly outputs?: {
    readonly model_outputs?: readonly { readonly model_id: string; readonly step: WireInt64 }[]
  }
}

export interface WireFile {
  readonly path: string
  readonly is_dir: boolean
  readonly file_size?: number
}

export interface WireModelVersion {
  readonly name: string
  readonly version: string
  readonly creation_timestamp: number
  readonly last_updated_timestamp: number
  readonly user_id?: string
  readonly current_stage: string
  readonly description?: string
  readonly source?: string
  readonly run_id?: string
  readonly status: string
  readonly status_message?: string
  readonly run_link?: string
  readonly aliases?: readonly string[]
  readonly tags?: readonly WireKeyValue[]
  readonly model_id?: string
}

export interface WireRegisteredModel {
  readonly name: string
  readonly creation_timestamp: number
  readonly last_updated_timestamp: number
  readonly description?: string
  readonly latest_versions?: readonly WireModelVersion[]
  readonly tags?: readonly WireKeyValue[]
  readonly aliases?: readonly { readonly alias: string; readonly version: string }[]
}

export interface WireLoggedModel {
  readonly info: {
    readonly model_id: string
    readonly experiment_id: string
    readonly name: string
    readonly creation_timestamp_ms: number
    readonly last_updated_timestamp_ms: number
    readonly artifact_uri: string
    readonly status: string
    readonly creator_id?: number
    readonly model_type?: string
    readonly source_run_id?: string
    readonly status_message?: string
    readonly tags?: readonly WireKeyValue[]
    readonly registrations?: readonly { readonly name: string; readonly version: string }[]
  }
  readonly data: { readonly params?: readonly WireKeyValue[]; readonly metrics?: readonly WireMetric[] }
}
