// What runs inside the training thread: opens the warehouse again, trains, hands the model back.
import { z } from 'zod'
import type { WorkerContext } from '../flow/worker-thread.ts'
import type { Json } from '../kernel/json.ts'
import type { EpochRecord } from '../learning/port.ts'
import type { TrainingRequest, TrainingResult } from '../lifecycle/rooms.ts'
import { trainModel } from '../lifecycle/training.ts'
import { loadProject } from './load-project.ts'
import { openWarehouse } from './open-rooms.ts'

/** What the thread is told besides the training itself. */
const Place = z.object({ home: z.string(), projectPath: z.string() })
export type Place = z.infer<typeof Place>

/** A message of the thread: one epoch. */
export const EpochMessage = z.object({
  epoch: z.number(),
  loss: z.number(),
  mae: z.number(),
  valLoss: z.number().nullable(),
  valMae: z.number().nullable(),
}) satisfies z.ZodType<EpochRecord>

/** `runInWorker` calls this. Input and output are JSON made and read by `open-rooms.ts`, beside this file. */
export async function run(input: Json, context: WorkerContext): Promise<Json> {
  const { place, request } = input as unknown as { place: Place; request: TrainingRequest } // posted by our own parent thread
  const project = await loadProject(place.projectPath)
  await using warehouse = await openWarehouse(Place.parse(place).home)
  const result: TrainingResult = await trainModel({ project, warehouse }, request, {
    signal: context.signal,
    onEpoch: (record) => context.report({ ...record }),
  })
  return { ...result, epochs: result.epochs.map((epoch) => ({ ...epoch })) }
}
