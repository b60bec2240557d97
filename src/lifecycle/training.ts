// One training from rows to a model file. It runs inside a worker thread: it opens nothing and records nothing.
import type { EncodedRows } from '../features/encode.ts'
import { encodedWidth } from '../features/specification.ts'
import { isPlanned, PlannedError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { weightsOf } from '../learning/model-file.ts'
import type {
  EpochRecord,
  LearningProgress,
  RowSource,
  Tensor,
  TrainedModel,
  Trainer,
  TrainingJob,
} from '../learning/port.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Warehouse } from '../warehouse/port.ts'
import { intervalsFor } from './intervals.ts'
import { type Project, specificationFor, usualSettings } from './project.ts'
import { OWN, RECIPE } from './recipe-lines.ts'
import type { TrainingRequest, TrainingResult } from './rooms.ts'
import { validate } from './validation.ts'
import { openWindowRows, sampleInMemory, type WindowRows } from './window-rows.ts'

export interface TrainingOptions {
  readonly signal: AbortSignal
  /** Threads it may compute on at most; 1 unless given. The model is the same for any number. */
  readonly threads?: number
  /** A folder for files of this training, which goes with it; without one, all is held in memory. */
  readonly scratch?: string
  readonly onEpoch: (record: EpochRecord) => void
  /** Hears a few times a second at most how far it is. */
  readonly onProgress?: (progress: LearningProgress) => void
  readonly log: (line: string) => void
}

/** The most rows that say when to stop. They stay in memory and are looked at after every epoch; more would tell no more. */
const EARLY_STOP_ROWS = 2_000_000
const PROGRESS_MS = 200

/** What learns, by what, from which rows. */
interface Lesson {
  readonly trainer: Trainer<JsonObject>
  readonly job: Omit<TrainingJob<JsonObject>, 'warmStart' | 'onEpoch'>
}

interface Learnt {
  readonly trained: TrainedModel
  /** Whether it began with the weights it was given. */
  readonly warmStarted: boolean
}

/** Reads the rows, trains and writes the ONNX file. Throws `BAD_DATA` if there are too few rows, `CANCELLED` on the signal. */
export async function trainModel(
  rooms: { project: Project; warehouse: Warehouse },
  request: TrainingRequest,
  options: TrainingOptions,
): Promise<TrainingResult> {
  const startedAt = performance.now()
  const { trainer, job } = await prepare(rooms, request, options)
  const { trained, warmStarted } = await learn({ trainer, job }, request.warmStart, options)
  checkFinite(trainer.name, trained)
  const learnt = { trainer, specification: job.specification, weights: trained.weights }
  const validation = await validate(rooms.warehouse, request, learnt, options.signal)
  const earlyStop = { warehouse: rooms.warehouse, table: request.table, window: request.earlyStop }
  const intervals = request.inherits ?? (await intervalsFor(trainer, job, trained, earlyStop))
  const model = trainer.toOnnx(job.specification, trained.weights, request.metadata, intervals)
  return {
    model: Buffer.from(model).toString('base64'),
    settings: job.settings,
    fitRows: job.fit.rows,
    earlyStopRows: job.earlyStop?.rows ?? 0,
    epochs: trained.epochs,
    ...(trained.sampledRows === undefined ? {} : { sampledRows: trained.sampledRows }),
    ...(trained.averaged === undefined ? {} : { averaged: trained.averaged }),
    keptEpoch: trained.keptEpoch,
    keptSteps: trained.keptSteps,
    stoppedEarly: trained.stoppedEarly,
    earlyStopMae: trained.earlyStopMae,
    ...(validation === null ? {} : { validation }),
    computedBy: trained.computedBy,
    importances: trained.importances ?? null,
    intervals,
    warmStarted,
    seconds: (performance.now() - startedAt) / 1000,
  }
}

/** A model whose error is no number must not be compared with others by it: what crosses a thread as JSON would come out as null. */
function checkFinite(trainer: string, { earlyStopMae }: TrainedModel): void {
  if (earlyStopMae === null || Number.isFinite(earlyStopMae)) return
  throw new PlannedError('BAD_DATA', `what ${trainer} learnt has the error ${earlyStopMae} on the early-stop rows`, {
    next: 'look for extreme values in the features and the target',
  })
}

/** Opens the rows: those to learn from are read when the trainer asks for them. */
async function prepare(
  { project, warehouse }: { project: Project; warehouse: Warehouse },
  request: TrainingRequest,
  { signal, threads = 1, scratch, log }: TrainingOptions,
): Promise<Lesson> {
  const specification = specificationFor(project, request.timeReading, request.trainer)
  const trainer = trainerNamed(request.trainer)
  const takesMissing = trainer.takesMissing ?? false
  const source = { warehouse, table: request.table, specification, takesMissing, signal }
  const earlyStop = request.earlyStop === null ? null : await readEarlyStop(source, request.earlyStop, log)
  const rows = await openWindowRows(source, request.fit)
  const fit = announced(rows, () => {
    log(RECIPE.dataLoaded(rows.rows + (earlyStop?.rows ?? 0), encodedWidth(specification) + 1)) // and the target
  })
  const settings = { ...usualSettings(project, request.trainer), ...request.settings }
  const { steps, seed } = request
  const onNotice = once((text) => log(`   ${text}`))
  const job = { specification, fit, earlyStop, steps, settings, seed, threads, onNotice, signal }
  return { trainer, job: scratch === undefined ? job : { ...job, scratch } }
}

/** The rows that say when to stop, in memory; a sample of them where they are very many. */
async function readEarlyStop(
  source: WindowRows,
  window: TimeWindow,
  log: (line: string) => void,
): Promise<EncodedRows> {
  const all = await openWindowRows(source, window)
  const { rows, every } = await sampleInMemory(all, EARLY_STOP_ROWS)
  if (every > 1) log(OWN.sampledEarlyStop(all.rows, rows.rows))
  return rows
}

/** A source that says when its last row has been read for the first time. */
function announced(source: RowSource, say: () => void): RowSource {
  let isSaid = false
  return {
    ...source,
    async *blocks() {
      let read = 0
      for await (const block of source.blocks()) {
        read += block.rows
        if (read === source.rows && !isSaid) {
          isSaid = true
          say()
        }
        yield block
      }
    },
  }
}

/** Trains, from the weights of a file or from none: from none too if those do not fit. */
async function learn({ trainer, job }: Lesson, file: string | null, options: TrainingOptions): Promise<Learnt> {
  const onProgress = seldom(options.onProgress ?? (() => undefined))
  let warmStart = file === null ? null : readWeights(file)
  let isUnderWay = false
  const onEpoch = (record: EpochRecord): void => {
    // Only one that learns in steps has weights to begin with and an optimiser to set up; both are there once it has made some.
    if (!isUnderWay && trainer.warmStarts) {
      if (warmStart === null) options.log(RECIPE.modelInitialized())
      options.log(RECIPE.modelCompiled())
    }
    isUnderWay = true
    options.onEpoch(record)
  }
  const trained = await trainer.train({ ...job, onEpoch, onProgress, warmStart }).catch(async (error: unknown) => {
    if (warmStart === null || !isPlanned(error, 'BAD_INPUT')) throw error
    warmStart = null // a stranger's weights, or those of other sizes: whoever has them can still be succeeded
    return await trainer.train({ ...job, onEpoch, onProgress, warmStart })
  })
  return { trained, warmStarted: warmStart !== null }
}

/** The weights of a model file; null if it is damaged, so that a broken champion can still be succeeded, from a cold start. */
function readWeights(file: string): readonly Tensor[] | null {
  try {
    return weightsOf(Buffer.from(file, 'base64'))
  } catch (error) {
    if (isPlanned(error, 'BAD_DATA')) return null
    throw error
  }
}

/** Passes on what comes when enough time has gone by since the last. */
function seldom(tell: (progress: LearningProgress) => void): (progress: LearningProgress) => void {
  let toldMs = Number.NEGATIVE_INFINITY
  return (progress) => {
    if (performance.now() - toldMs < PROGRESS_MS) return
    toldMs = performance.now()
    tell(progress)
  }
}

/** Says each text once, however often it is told. */
function once(say: (text: string) => void): (text: string) => void {
  const said = new Set<string>()
  return (text) => {
    if (said.has(text)) return
    said.add(text)
    say(text)
  }
}
