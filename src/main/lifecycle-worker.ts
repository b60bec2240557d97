// What runs inside the training thread: opens the warehouse again, trains, hands the model back.
import { availableParallelism } from 'node:os'
import type { WorkerContext } from '../flow/worker-thread.ts'
import type { Json } from '../kernel/json.ts'
import type { TrainingRequest, TrainingResult } from '../lifecycle/rooms.ts'
import { trainModel } from '../lifecycle/training.ts'
import { loadProject } from './load-project.ts'
import { openWarehouse } from './open-warehouse.ts'
import { Place } from './training-thread.ts'

/** A batch of a network and a leaf of a tree are too little work for more. */
const MOST_THREADS = 8

/** `runInWorker` calls this. Input and output are JSON made and read by `open-rooms.ts`, beside this file. */
export async function run(input: Json, context: WorkerContext): Promise<Json> {
  const { place, request } = input as unknown as { place: unknown; request: TrainingRequest } // posted by our own parent thread
  const { home, projectPath, scratch } = Place.parse(place)
  const project = await loadProject(projectPath)
  await using warehouse = await openWarehouse(home)
  const result: TrainingResult = await trainModel({ project, warehouse }, request, {
    signal: context.signal,
    threads: Math.min(request.threads ?? MOST_THREADS, availableParallelism()),
    scratch,
    onEpoch: (record) => context.report({ ...record }),
    onProgress: (progress) => context.report({ ...progress }),
    log: (line) => context.report({ line }),
  })
  return { ...result, epochs: result.epochs.map((epoch) => ({ ...epoch })) }
}
