// Everything that is known of one version: what it learnt, how, from whom it descends, and what was said of it since.
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { sha256 } from '../kernel/json.ts'
import { countsOf } from '../learning/trainers.ts'
import type { DatasetInput, Metric, ModelVersion, Run, Transition } from '../tracking/port.ts'
import { TAG } from './champion.ts'
import { type DecisionView, decisionsOf } from './decisions.ts'
import { findVersion } from './evaluate-version.ts'
import type { FirstModelOutcome } from './outcome.ts'
import type { LifecycleRooms } from './rooms.ts'
import { REPORT_FOLDER } from './training-report.ts'
import { experimentsOf, firstModelsOf, type Judged, journalOf, modelOf, verdictsOf } from './verdicts.ts'

export interface VersionDetails {
  readonly version: ModelVersion
  /** The aliases that stand for it. */
  readonly aliases: readonly string[]
  /** The run that trained it; null for a version made elsewhere, or whose run is gone. */
  readonly run: Run | null
  readonly data: readonly DatasetInput[]
  /** Error by epoch, or tree: on the early-stop rows where it had some, on the rows it learnt otherwise. */
  readonly curve: {
    readonly metric: 'val_mae' | 'mae'
    readonly counts: 'epoch' | 'tree'
    readonly points: readonly Metric[]
  }
  readonly judgements: readonly Judgement[]
  /** What people were asked about it, and answered; oldest first. */
  readonly decisions: readonly DecisionView[]
  readonly lineage: Lineage
  readonly moves: readonly Transition[]
  readonly file: ModelFile
  /** Addresses of the charts and the card of its training; none of one made elsewhere. */
  readonly report: readonly string[]
}

/** What a verdict said of a version. */
export type Judgement =
  | { readonly part: 'champion' | 'challenger'; readonly judged: Judged }
  | { readonly part: 'first model'; readonly outcome: FirstModelOutcome; readonly decidedAtMs: number }

interface Lineage {
  /** This version and those whose weights it goes back to, itself first. */
  readonly chain: readonly number[]
  readonly refitOf: number | null
  /** Versions that began with its weights. */
  readonly descendants: readonly number[]
  /** Versions that are its refit. */
  readonly refits: readonly number[]
}

type ModelFile =
  | { readonly kind: 'there'; readonly bytes: number; readonly sha256: string }
  | { readonly kind: 'missing'; readonly why: string }

/** Throws `NOT_FOUND` if there is no such version. */
export async function versionDetails(rooms: LifecycleRooms, model: string, number: number): Promise<VersionDetails> {
  const { tracking } = rooms
  const version = await findVersion(rooms, model, { version: number })
  const versions = await tracking.versions(model)
  const journal = (await journalOf(rooms)).filter((run) => modelOf(run) === model)
  const run = version.runId === null ? null : await orNull(tracking.run(version.runId))
  const verdicts = await verdictsOf(rooms, model, journal, await experimentsOf(rooms, journal, versions))
  const judgements: Judgement[] = [
    ...firstModelsOf(journal)
      .filter(({ outcome }) => outcome.version === number)
      .map((first) => ({ part: 'first model' as const, ...first })),
    ...verdicts.flatMap((judged): Judgement[] => {
      const { champion, challenger } = judged.outcome
      if (challenger?.version === number) return [{ part: 'challenger', judged }]
      return champion?.version === number ? [{ part: 'champion', judged }] : []
    }),
  ]
  const aliases = Object.entries(await tracking.aliases(model))
  return {
    version,
    aliases: aliases.filter(([, stoodFor]) => stoodFor === number).map(([alias]) => alias),
    run,
    data: run === null ? [] : await tracking.inputs(run.id),
    curve: {
      ...(run === null ? { metric: 'mae', points: [] } : await curveOf(tracking, run)),
      counts: countsOf(version.tags[TAG.trainer] ?? ''),
    },
    judgements: judgements.toSorted((a, b) => whenOf(a) - whenOf(b)),
    decisions: (await decisionsOf(rooms, { model, all: true })).filter((one) => one.version === number).toReversed(),
    lineage: lineageOf(version, versions),
    moves: (await tracking.history(model)).filter((move) => move.version === number),
    file: await fileOf(tracking, version),
    report: run === null ? [] : await reportOf(tracking, run),
  }
}

/** When a judgement was reached. */
export function whenOf(judgement: Judgement): number {
  return judgement.part === 'first model' ? judgement.decidedAtMs : judgement.judged.decidedAtMs
}

/** Who descends from whom, as the versions' own tags say. */
function lineageOf(version: ModelVersion, versions: readonly ModelVersion[]): Lineage {
  const byNumber = new Map(versions.map((one) => [one.version, one]))
  const chain = [version.version]
  for (let at = parentOf(version, TAG.warmStartOf); at !== null && !chain.includes(at); ) {
    chain.push(at)
    const parent = byNumber.get(at)
    at = parent === undefined ? null : parentOf(parent, TAG.warmStartOf)
  }
  const childrenBy = (tag: string): number[] =>
    versions
      .filter((one) => parentOf(one, tag) === version.version)
      .map((one) => one.version)
      .sort((a, b) => a - b)
  return {
    chain,
    refitOf: parentOf(version, TAG.refitOf),
    descendants: childrenBy(TAG.warmStartOf),
    refits: childrenBy(TAG.refitOf),
  }
}

function parentOf(version: ModelVersion, tag: string): number | null {
  const number = Number(version.tags[tag])
  return Number.isInteger(number) && number > 0 ? number : null
}

async function curveOf(
  tracking: LifecycleRooms['tracking'],
  run: Run,
): Promise<Omit<VersionDetails['curve'], 'counts'>> {
  const stopped = await tracking.metricHistory(run.id, 'val_mae')
  if (stopped.length === 0) return { metric: 'mae', points: await tracking.metricHistory(run.id, 'mae') }
  const last = run.metrics.stopped_epoch ?? Number.POSITIVE_INFINITY // behind it stands the restored epoch again
  return { metric: 'val_mae', points: stopped.filter(({ step }) => step <= last) }
}

/** The file itself, read whole: a size and a digest from anywhere else would say nothing about it. */
async function fileOf(tracking: LifecycleRooms['tracking'], version: ModelVersion): Promise<ModelFile> {
  try {
    const bytes = await tracking.readModelFile(version.name, version.version, 'model.onnx')
    return { kind: 'there', bytes: bytes.byteLength, sha256: sha256(bytes) }
  } catch (error) {
    if (!isPlanned(error)) throw error
    return { kind: 'missing', why: messageOf(error) }
  }
}

async function reportOf(tracking: LifecycleRooms['tracking'], { id, artifactUri }: Run): Promise<string[]> {
  const files = await tracking.listArtifacts(id)
  return files.filter(({ path }) => path.startsWith(`${REPORT_FOLDER}/`)).map(({ path }) => `${artifactUri}/${path}`)
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading
  } catch (error) {
    if (isPlanned(error, 'NOT_FOUND')) return null
    throw error
  }
}
