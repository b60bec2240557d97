// What a run took in and brought forth: data sets and logged models.
import { keptQuery } from '../database/kept-query.ts'
import { newId } from '../kernel/ids.ts'
import type { Sql } from '../tracking/schema.ts'
import type { WireDataset, WireKeyValue } from '../tracking/wire.ts'
import type { StoreContext } from './context.ts'
import { invalid } from './error.ts'
import { experimentNumber } from './experiments.ts'
import { checkCount, checkLength, checkRunId } from './limits.ts'
import { openRun } from './open-runs.ts'

const MAX_DATASETS = 1000
/** Tags of all the data sets of one request together. */
const MAX_INPUT_TAGS = 5000
const MAX_EXPERIMENTS = 20
const MAX_SUMMARIES = 1000
/** The tag of an input that says what it was read for. */
const CONTEXT_TAG = 'mlflow.data.context'

interface DatasetInput {
  readonly dataset: WireDataset
  readonly tags: readonly WireKeyValue[]
}

interface Inputs {
  readonly run_id: string
  readonly datasets: readonly DatasetInput[]
  readonly models: readonly { readonly model_id: string }[]
}

interface Outputs {
  readonly run_id: string
  readonly models: readonly { readonly model_id: string; readonly step: number | bigint }[]
}

export interface WireDatasetSummary {
  readonly experiment_id: string
  readonly name: string
  readonly digest: string
  readonly context?: string
}

export function runInputOperations({ database }: StoreContext) {
  return {
    /** Links a run to data sets, which are kept as they were first described, and to models it reads. A link that is there stays as it is. */
    async logInputs({ run_id: runId, datasets, models }: Inputs): Promise<void> {
      checkRunId(runId)
      checkCount('datasets', datasets.length, MAX_DATASETS)
      checkCount(
        'tags',
        datasets.reduce((sum, { tags }) => sum + tags.length, 0),
        MAX_INPUT_TAGS,
      )
      for (const input of datasets) checkInput(input)
      for (const { model_id } of models) checkLength('model_id', model_id, 36)
      await database.write(async (trx) => {
        const { experiment_id } = await openRun(trx, runId)
        for (const input of datasets) await linkDataset(trx, { runId, experiment_id }, input)
        for (const { model_id } of models) {
          await linkModel(trx, { runId, from: 'RUN_INPUT', to: 'MODEL_INPUT', model_id, step: 0 })
        }
      })
    },

    /** Links a run to models it made. One that is linked already gets the new step. */
    async logOutputs({ run_id: runId, models }: Outputs): Promise<void> {
      for (const { model_id } of models) checkLength('model_id', model_id, 36)
      await database.write(async (trx) => {
        await openRun(trx, runId)
        for (const { model_id, step } of models) {
          await linkModel(trx, { runId, from: 'RUN_OUTPUT', to: 'MODEL_OUTPUT', model_id, step })
        }
      })
    },

    /** The data sets that runs of these experiments read, each once for every context it was read in; at most a thousand. */
    async searchDatasets(experimentIds: readonly string[]): Promise<WireDatasetSummary[]> {
      if (experimentIds.length === 0) {
        throw invalid('SearchDatasets request must specify at least one experiment_id.')
      }
      if (experimentIds.length > MAX_EXPERIMENTS) {
        throw invalid(
          `SearchDatasets request cannot specify more than ${MAX_EXPERIMENTS} experiment_ids. Received ${experimentIds.length} experiment_ids.`,
        )
      }
      const rows = await summaries(database.sql, experimentIds.map(experimentNumber))
      return rows.map(({ experiment_id, name, digest, context }) => ({
        experiment_id: String(experiment_id),
        name,
        digest,
        ...(context ? { context } : {}),
      }))
    },
  }
}

function checkInput({ dataset, tags }: DatasetInput): void {
  checkLength('name', dataset.name, 500)
  checkLength('digest', dataset.digest, 36)
  checkLength('source_type', dataset.source_type, 36)
  checkLength('source', dataset.source, 65_535)
  checkLength('schema', dataset.schema ?? '', 1_048_575)
  checkLength('profile', dataset.profile ?? '', 16_777_215)
  for (const { key, value } of tags) {
    checkLength('key', key, 255)
    checkLength('value', value, 500)
  }
}

async function linkDataset(
  trx: Sql,
  { runId, experiment_id }: { readonly runId: string; readonly experiment_id: number },
  { dataset, tags }: DatasetInput,
): Promise<void> {
  const datasetId = await keptDataset(trx, experiment_id, dataset)
  const inputId = newId()
  const { numInsertedOrUpdatedRows } = await trx
    .insertInto('inputs')
    .values({
      input_uuid: inputId,
      source_type: 'DATASET',
      source_id: datasetId,
      destination_type: 'RUN',
      destination_id: runId,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  if (numInsertedOrUpdatedRows !== 1n) return
  for (const { key, value } of tags) await insertTag(trx, { inputId, key, value })
}

const insertTag = keptQuery(
  (sql: Sql, { inputId, key, value }: { readonly inputId: string; readonly key: string; readonly value: string }) =>
    sql
      .insertInto('input_tags')
      .values({ input_uuid: inputId, name: key, value })
      .onConflict((conflict) => conflict.doNothing()),
)

/** The id of a data set, which is added if the experiment does not have it. */
async function keptDataset(trx: Sql, experiment: number, dataset: WireDataset): Promise<string> {
  await trx
    .insertInto('datasets')
    .values({
      dataset_uuid: newId(),
      experiment_id: experiment,
      name: dataset.name,
      digest: dataset.digest,
      dataset_source_type: dataset.source_type,
      dataset_source: dataset.source,
      dataset_schema: dataset.schema || null,
      dataset_profile: dataset.profile || null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const { dataset_uuid } = await trx
    .selectFrom('datasets')
    .select('dataset_uuid')
    .where('experiment_id', '=', experiment)
    .where('name', '=', dataset.name)
    .where('digest', '=', dataset.digest)
    .executeTakeFirstOrThrow()
  return dataset_uuid
}

interface ModelLink {
  readonly runId: string
  readonly from: 'RUN_INPUT' | 'RUN_OUTPUT'
  readonly to: 'MODEL_INPUT' | 'MODEL_OUTPUT'
  readonly model_id: string
  readonly step: number | bigint
}

async function linkModel(trx: Sql, { runId, from, to, model_id, step }: ModelLink): Promise<void> {
  await trx
    .insertInto('inputs')
    .values({
      input_uuid: newId(),
      source_type: from,
      source_id: runId,
      destination_type: to,
      destination_id: model_id,
      step,
    })
    .onConflict((conflict) =>
      conflict
        .columns(['source_type', 'source_id', 'destination_type', 'destination_id'])
        .doUpdateSet((row) => ({ step: row.ref('excluded.step') })),
    )
    .execute()
}

async function summaries(sql: Sql, experiments: readonly number[]) {
  return sql
    .selectFrom('datasets')
    .innerJoin('inputs', 'inputs.source_id', 'datasets.dataset_uuid')
    .leftJoin('input_tags', (join) =>
      join.onRef('input_tags.input_uuid', '=', 'inputs.input_uuid').on('input_tags.name', '=', CONTEXT_TAG),
    )
    .select(['datasets.experiment_id', 'datasets.name', 'datasets.digest', 'input_tags.value as context'])
    .distinct()
    .where('inputs.source_type', '=', 'DATASET')
    .where('datasets.experiment_id', 'in', experiments)
    .limit(MAX_SUMMARIES)
    .execute()
}
