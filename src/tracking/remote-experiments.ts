// Experiments on a server: named shelves of runs.

import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import { checkText } from './names.ts'
import type { Experiment, Tracking } from './port.ts'
import type { RemoteContext } from './remote-context.ts'
import { ExperimentShape, textsOf } from './remote-wire.ts'
import type { Rest } from './rest.ts'
import { isRefusal } from './rest-errors.ts'

const Found = z.object({ experiment: ExperimentShape })
const Page = z.object({ experiments: z.array(ExperimentShape).default([]) })

export interface ExperimentRead extends Experiment {
  readonly isDeleted: boolean
  readonly tags: Readonly<Record<string, string>>
}

export function remoteExperiments(context: RemoteContext): Pick<Tracking, 'experiment' | 'findExperiment'> {
  return {
    async experiment(name) {
      checkText('experiment name', name, { max: 500 })
      const found = await experimentNamed(context, name)
      return plain(usable(found ?? (await makeExperiment(context, name))))
    },
    async findExperiment(name) {
      const found = await experimentNamed(context, name)
      return found === null || found.isDeleted ? null : plain(found)
    },
  }
}

/** The experiment of a name, deleted ones too; null if there is none. */
export async function experimentNamed({ rest }: RemoteContext, name: string): Promise<ExperimentRead | null> {
  try {
    const { experiment } = await rest.get('experiments/get-by-name', { experiment_name: name }, Found)
    if (experiment.name !== name) return null // some databases take upper and lower case for the same
    return read(experiment)
  } catch (error) {
    if (isRefusal(error, 'RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND')) return null
    throw error
  }
}

/** Throws `NOT_FOUND` if there is none of that id, `CONFLICT` if it was deleted. */
export async function checkExperiment({ rest }: RemoteContext, id: string): Promise<void> {
  try {
    usable(read((await rest.get('experiments/get', { experiment_id: id }, Found)).experiment))
  } catch (error) {
    if (!isRefusal(error, 'RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND', 'INVALID_PARAMETER_VALUE')) throw error
    throw new PlannedError('NOT_FOUND', `there is no experiment ${id}`, {
      next: 'make it by its name first',
      cause: error,
    })
  }
}

/** Where the newest experiment keeps the files of its runs; '' if there is none. */
export async function newestRoot(rest: Rest): Promise<string> {
  const body = { max_results: 1, order_by: ['creation_time DESC'] }
  const { experiments } = await rest.post('experiments/search', body, Page)
  return experiments[0]?.artifact_location ?? ''
}

async function makeExperiment(context: RemoteContext, name: string): Promise<ExperimentRead> {
  const find = async (): Promise<ExperimentRead | null> => await experimentNamed(context, name)
  const made = z.object({ experiment_id: z.string() }).transform(({ experiment_id: id }): ExperimentRead => {
    return { id, name, isDeleted: false, tags: {} }
  })
  try {
    return await context.rest.create('experiments/create', { name }, made, find)
  } catch (error) {
    const other = isRefusal(error, 'RESOURCE_ALREADY_EXISTS') ? await find() : null
    if (other === null) throw error
    return other // somebody made it meanwhile
  }
}

function usable(experiment: ExperimentRead): ExperimentRead {
  if (!experiment.isDeleted) return experiment
  throw new PlannedError('CONFLICT', `the experiment "${experiment.name}" was deleted in MLflow`, {
    next: 'restore it there, or choose another name',
  })
}

function read(experiment: z.infer<typeof ExperimentShape>): ExperimentRead {
  const { experiment_id: id, name, lifecycle_stage, tags } = experiment
  return { id, name, isDeleted: lifecycle_stage === 'deleted', tags: textsOf(tags) }
}

function plain({ id, name }: ExperimentRead): Experiment {
  return { id, name }
}
