// The data sets a run read: MLflow keeps each once per experiment and links runs to it.
import { newId } from '../kernel/ids.ts'
import type { Json } from '../kernel/json.ts'
import type { DatasetInput } from './port.ts'
import type { RunRow } from './read-runs.ts'
import { CONTEXT_TAG, otherContext, type Texts, textsOfInput } from './run-rules.ts'
import type { Sql } from './schema.ts'

/**
 * Links a run to data sets, which are kept as they were first described. Linking again the same way changes nothing.
 * Throws `CONFLICT` if the run has the data set in another context: MLflow holds one link per run and data set.
 */
export async function writeInputs(trx: Sql, run: RunRow, inputs: readonly DatasetInput[]): Promise<void> {
  for (const input of inputs) {
    const texts = textsOfInput(input)
    const datasetId = await keepDataset(trx, run.experiment_id, input, texts)
    const link = { source_type: 'DATASET', source_id: datasetId, destination_type: 'RUN', destination_id: run.run_uuid }
    const earlier = await contextOf(trx, run.run_uuid, datasetId)
    if (earlier === input.context) continue
    if (earlier !== null) {
      throw otherContext(run.run_uuid, input, earlier)
    }
    const inputId = newId()
    await trx
      .insertInto('inputs')
      .values({ input_uuid: inputId, ...link })
      .execute()
    await trx
      .insertInto('input_tags')
      .values({ input_uuid: inputId, name: CONTEXT_TAG, value: input.context })
      .execute()
  }
}

/** The data sets of a run, in the order they were logged. */
export async function readInputs(sql: Sql, runId: string): Promise<DatasetInput[]> {
  const rows = await sql
    .selectFrom('inputs')
    .innerJoin('datasets', 'datasets.dataset_uuid', 'inputs.source_id')
    .leftJoin('input_tags', (join) =>
      join.onRef('input_tags.input_uuid', '=', 'inputs.input_uuid').on('input_tags.name', '=', CONTEXT_TAG),
    )
    .select([
      'datasets.name',
      'digest',
      'dataset_source_type',
      'dataset_source',
      'dataset_schema',
      'dataset_profile',
      'input_tags.value',
    ])
    .where('inputs.source_type', '=', 'DATASET')
    .where('inputs.destination_type', '=', 'RUN')
    .where('inputs.destination_id', '=', runId)
    .orderBy('inputs.rowid')
    .execute()
  return rows.map((row) => ({
    name: row.name,
    digest: row.digest,
    context: row.value ?? '',
    sourceType: row.dataset_source_type,
    source: jsonOf(row.dataset_source),
    schema: jsonOf(row.dataset_schema),
    profile: jsonOf(row.dataset_profile),
  }))
}

async function keepDataset(trx: Sql, experimentId: number, input: DatasetInput, texts: Texts): Promise<string> {
  const { name, digest } = input
  await trx
    .insertInto('datasets')
    .values({
      dataset_uuid: newId(),
      experiment_id: experimentId,
      name,
      digest,
      dataset_source_type: input.sourceType,
      dataset_source: texts.source,
      dataset_schema: texts.schema,
      dataset_profile: texts.profile,
    })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const row = await trx
    .selectFrom('datasets')
    .select('dataset_uuid')
    .where('experiment_id', '=', experimentId)
    .where('name', '=', name)
    .where('digest', '=', digest)
    .executeTakeFirstOrThrow()
  return row.dataset_uuid
}

/** In which context a run has a data set; null if it has it in none. */
async function contextOf(trx: Sql, runId: string, datasetId: string): Promise<string | null> {
  const row = await trx
    .selectFrom('inputs')
    .leftJoin('input_tags', (join) =>
      join.onRef('input_tags.input_uuid', '=', 'inputs.input_uuid').on('input_tags.name', '=', CONTEXT_TAG),
    )
    .select('input_tags.value')
    .where('source_type', '=', 'DATASET')
    .where('source_id', '=', datasetId)
    .where('destination_type', '=', 'RUN')
    .where('destination_id', '=', runId)
    .executeTakeFirst()
  return row === undefined ? null : (row.value ?? '')
}

/** A JSON text as its value; text that is none (another program wrote it) as it is. */
function jsonOf(text: string | null): Json {
  if (text === null) return null
  try {
    return JSON.parse(text) as Json // what JSON.parse returns is JSON
  } catch {
    return text
  }
}
