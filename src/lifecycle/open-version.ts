// Opening the file of a registered version: what can be wrong with it is told with version, file and way out.
import { fileURLToPath } from 'node:url'
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import type { Predictor } from '../learning/port.ts'
import { openPredictor } from '../learning/predictor.ts'
import type { ModelVersion, Move, Tracking } from '../tracking/port.ts'
import type { Project } from './project.ts'
import { readRequest } from './request-row.ts'

/** What the model's file and the model itself can fail at on purpose; an outage is not among it. */
const MODEL_FAULTS = ['BAD_DATA', 'BAD_INPUT', 'NOT_FOUND'] as const

/**
 * Opens a version's file. It and what it gives throw `BAD_DATA`, naming version, file and way out, if the file is gone or damaged, asks for
 * other columns, or answers with something else than one number per row. Throws `NOT_FOUND` if there is no such version.
 */
export async function openVersion(
  tracking: Tracking,
  who: { readonly model: string; readonly version: number },
  options: { readonly threads?: number } = {},
): Promise<Predictor> {
  const version = await tracking.version(who.model, who.version)
  const predictor = await asFault(version, async () =>
    openPredictor(await tracking.readModelFile(who.model, who.version, 'model.onnx'), options),
  )
  return {
    ...predictor,
    predict: (columns, rows) => asFault(version, () => predictor.predict(columns, rows)),
    predictWithIntervals: (columns, rows) => asFault(version, () => predictor.predictWithIntervals(columns, rows)),
    [Symbol.asyncDispose]: () => predictor[Symbol.asyncDispose](),
  }
}

/**
 * Throws `BAD_DATA`, as `openVersion` does, if a version could not serve: its file cannot be opened, it reads columns that the project does
 * not have, or gives no number for the project's own example.
 */
export async function checkServes(
  { tracking, project }: { readonly tracking: Tracking; readonly project: Project },
  who: { readonly model: string; readonly version: number },
): Promise<void> {
  const version = await tracking.version(who.model, who.version)
  await using predictor = await openVersion(tracking, who)
  await checkOpened(project, version, predictor)
}

/** `checkServes` for a version that is open. */
export async function checkOpened(project: Project, version: ModelVersion, predictor: Predictor): Promise<void> {
  const known = project.specification('utc').columns.map(({ name }) => name)
  const inputs = known.filter((name) => name !== project.specification('utc').target)
  const foreign = predictor.inputs.filter((name) => !inputs.includes(name))
  if (foreign.length > 0) {
    throw cannotServe(version, `reads ${foreign.join(', ')}, and ${project.name} has ${inputs.join(', ')}`)
  }
  const example = readRequest(project, {})
  if (predictor.inputs.some((name) => !(name in example))) return // the example does not say enough to try it
  const [value = Number.NaN] = await predictor.predict(example, 1)
  if (!Number.isFinite(value)) throw cannotServe(version, `answers ${value} to the example of ${project.name}`)
}

/** `checkServes` for each version that moves would put into Production: nobody should find out from the next prediction. */
export async function checkEntering(
  rooms: Parameters<typeof checkServes>[0],
  model: string,
  moves: readonly Move[],
): Promise<void> {
  for (const { version, to } of moves) if (to === 'Production') await checkServes(rooms, { model, version })
}

async function asFault<T>(version: ModelVersion, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!MODEL_FAULTS.some((code) => isPlanned(error, code))) throw error
    throw cannotServe(version, detailOf(error), error)
  }
}

function detailOf(error: unknown): string {
  if (isPlanned(error, 'NOT_FOUND'))
    return isElsewhere(error) ? 'lies where this program cannot read it' : 'is not there any more'
  if (!isPlanned(error)) return messageOf(error)
  return `does not serve: ${error.what}${error.why === null ? '' : ` (${error.why})`}`
}

/** Whether a version's files lie at an address that is not of the artifacts kept here, as MLflow's clients may name it. */
function isElsewhere(error: unknown): boolean {
  return isPlanned(error) && error.facts.elsewhere !== undefined
}

/** The error for a version whose file does not do what it is there for. Its `why` is a clause about the file. */
export function cannotServe(version: ModelVersion, detail: string, cause?: unknown): PlannedError {
  const file = fileOf(version)
  const instead =
    version.stage === 'Production'
      ? 'put another version in its place (./understudy models lists them, ./understudy rollback goes back to the one before)'
      : 'use another version (./understudy models lists them)'
  return new PlannedError('BAD_DATA', `v${version.version} of ${version.name} cannot be used`, {
    why: `its file ${file} ${detail}`,
    next: `${isElsewhere(cause) ? 'register a copy of it whose files are kept here' : 'restore that file from a backup'}, or ${instead}`,
    facts: { model: version.name, version: version.version, file },
    ...(cause === undefined ? {} : { cause }),
  })
}

/** Where a version's file lies, in words for people: a path where it is one. */
function fileOf({ source }: ModelVersion): string {
  const file = `${source.replace(/\/$/, '')}/model.onnx`
  return file.startsWith('file:///') ? fileURLToPath(file) : file
}
