// One training from rows to a model file. It runs inside a worker thread: it opens nothing and records nothing.
import { encode } from '../features/encode.ts'
import { encodedWidth } from '../features/specification.ts'
import { isPlanned, throwIfCancelled } from '../kernel/errors.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { weightsOf } from '../learning/model-file.ts'
import type { EpochRecord, Tensor } from '../learning/port.ts'
import { rowsInMemory } from '../learning/rows.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Warehouse } from '../warehouse/port.ts'
import { type Project, specificationFor } from './project.ts'
import { RECIPE } from './recipe-lines.ts'
import type { TrainingRequest, TrainingResult } from './rooms.ts'

/** Reads the rows, trains and writes the ONNX file. Throws `BAD_DATA` if there are too few rows, `CANCELLED` on the signal. */
export async function trainModel(
  rooms: { project: Project; warehouse: Warehouse },
  request: TrainingRequest,
  options: { signal: AbortSignal; onEpoch: (record: EpochRecord) => void; log: (line: string) => void },
): Promise<TrainingResult> {
  const startedAt = performance.now()
  const specification = specificationFor(rooms.project, request.timeReading, request.trainer)
  const rowsOf = async (window: TimeWindow) => {
    const columns = [specification.target, ...specification.features.map((feature) => feature.name)]
    const orderBy = specification.columns.map((column) => column.name)
    const batch = await rooms.warehouse.read(request.table, window, { columns, orderBy, signal: options.signal })
    throwIfCancelled(options.signal)
    return encode(specification, batch, { from: 0, to: batch.rows })
  }
  const fit = await rowsOf(request.fit)
  const earlyStop = request.earlyStop === null ? null : await rowsOf(request.earlyStop)
  const trainer = trainerNamed(request.trainer)
  const settings = { ...trainer.defaults, ...request.settings }
  let warmStart = request.warmStart === null ? null : readWeights(request.warmStart)
  const rows = fit.rows + (earlyStop?.rows ?? 0)
  options.log(RECIPE.dataLoaded(rows, encodedWidth(specification) + 1)) // and the target
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
  const { steps, seed } = request
  const job = {
    specification,
    fit: rowsInMemory(fit),
    earlyStop,
    settings,
    steps,
    seed,
    signal: options.signal,
    onEpoch,
  }
  const trained = await trainer.train({ ...job, warmStart }).catch(async (error: unknown) => {
    if (warmStart === null || !isPlanned(error, 'BAD_INPUT')) throw error
    warmStart = null // a stranger's weights, or those of other sizes: whoever has them can still be succeeded
    return await trainer.train({ ...job, warmStart })
  })
  const model = trainer.toOnnx(specification, trained.weights, request.metadata)
  return {
    model: Buffer.from(model).toString('base64'),
    settings,
    fitRows: fit.rows,
    earlyStopRows: earlyStop?.rows ?? 0,
    epochs: trained.epochs,
    keptEpoch: trained.keptEpoch,
    keptSteps: trained.keptSteps,
    stoppedEarly: trained.stoppedEarly,
    earlyStopMae: trained.earlyStopMae,
    warmStarted: warmStart !== null,
    seconds: (performance.now() - startedAt) / 1000,
  }
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
