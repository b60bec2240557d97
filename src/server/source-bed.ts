// What tests of version sources share: a model, a run and a logged model to name, and the refusals in their words.
import type { ArtifactStore } from '../artifacts/port.ts'
import type { WireLoggedModel, WireRunInfo } from '../tracking/wire.ts'
import { granted, newModel, newRun, refused } from './registry-bed.ts'
import { type Answer, openServerBed, type ServerBed } from './server-bed.ts'

export interface SourceBed extends ServerBed {
  readonly run: WireRunInfo
  /** A logged model of that run. */
  readonly model: WireLoggedModel
  /** Asks for a version of the model "one". */
  create(fields: object): Promise<Answer>
}

export async function openSourceBed(
  artifactsIn: (folder: string) => ArtifactStore,
  { rootIsFolder = false } = {},
): Promise<SourceBed> {
  const bed = await openServerBed({ artifactsIn, rootIsFolder })
  await newModel(bed, 'one')
  const run = await newRun(bed)
  const body = { experiment_id: '0', name: 'logged', source_run_id: run.run_id }
  const { model } = await granted(bed, 'POST', 'logged-models', body)
  return {
    ...bed,
    run,
    model,
    create: (fields) => bed.ask('POST', 'model-versions/create', { name: 'one', ...fields }),
  }
}

export const relative = (source: string) =>
  refused(
    400,
    `Invalid model version source: '${source}'. If supplying a source as an http, https, local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references present. Please provide an absolute path.`,
  )
export const outside = (source: string, field = 'run_id') =>
  refused(
    400,
    `Invalid model version source: '${source}'. The ${field} request parameter must identify the resource that contains the source.`,
  )
export const local = (source: string, field = 'run_id', owner = 'run') =>
  refused(
    400,
    `Invalid model version source: '${source}'. To use a local path as a model version source, the ${field} request parameter has to be specified and the local path has to be contained within the artifact directory of the ${owner} specified by the ${field}.`,
  )

/** Every way out of a folder that has been tried on servers like this one, to be put behind an address. */
export const WAYS_OUT = [
  '/..',
  '/../x',
  '/a/../../x',
  '/%2e%2e/x',
  '/%2E%2e/x',
  '/.%2e/x',
  '/%252e%252e/x',
  '/%25252e%25252e/x',
  '/..%2fx',
  '/..%252fx',
  '/%2%0952e%2%0952e/x',
  '/a%00',
  '/a\\..\\..\\x',
  '/a%5c..%5cx',
  '/a%255c..%255cx',
  '/./x',
  '/%2e/x',
  '/a\n',
]
