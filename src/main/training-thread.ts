// Training in a thread of its own: what crosses over, in both directions, is JSON.
import { z } from 'zod'
import { runInWorker } from '../flow/worker.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { EpochRecord, LearningProgress } from '../learning/port.ts'
import type { RunTraining, TrainingRequest, TrainingResult } from '../lifecycle/rooms.ts'
import { makeTrainingScratch } from './training-scratch.ts'

/** What the thread is told besides the training itself. */
export const Place = z.object({
  home: z.string(),
  projectPath: z.string(),
  /** A folder for the training's files: made and removed out here, as the thread may be ended where it stands. */
  scratch: z.string(),
})

/** A message of the thread: one epoch, how far it is, or a line for the log. */
const EpochMessage = z.object({
  epoch: z.number(),
  loss: z.number(),
  mae: z.number(),
  valLoss: z.number().nullable(),
  valMae: z.number().nullable(),
}) satisfies z.ZodType<EpochRecord>
const ProgressMessage = z.object({
  unit: z.enum(['epoch', 'tree']),
  done: z.number(),
  atMost: z.number(),
}) satisfies z.ZodType<LearningProgress>
const Message = z.union([z.object({ line: z.string() }), ProgressMessage, EpochMessage])

/** Trains each request in a new thread, over the warehouse of that home. */
export function trainInThread(place: { home: string; projectPath: string }): RunTraining {
  return async (request, { signal, onEpoch, onProgress, log }) => {
    const onMessage = (message: unknown): void => {
      const read = Message.parse(message)
      if ('line' in read) log(read.line)
      else if ('unit' in read) onProgress?.(read)
      else onEpoch(read)
    }
    await using scratch = await makeTrainingScratch(place.home)
    const output = await runInWorker(
      new URL('./lifecycle-worker.ts', import.meta.url),
      { place: { ...place, scratch: scratch.path }, request: toJson(request) },
      { name: `training ${request.trainer}`, signal, onMessage },
    )
    return output as unknown as TrainingResult // made by `run` of that module, from the type itself
  }
}

/** A request as the JSON that it is: its type names the fields, `Json` wants an index. */
function toJson({ fit, earlyStop, validate, ...request }: TrainingRequest): JsonObject {
  const rest = validate === undefined ? request : { ...request, validate: { ...validate } }
  return { ...rest, fit: { ...fit }, earlyStop: earlyStop === null ? null : { ...earlyStop } }
}
