// Whose model it is: in one home several projects keep a model each, and none may learn, judge or promote another's.
import type { FlowRun } from '../flow/port.ts'
import { PlannedError } from '../kernel/errors.ts'
import { TAG } from './champion.ts'
import type { LifecycleRooms } from './rooms.ts'

/**
 * Throws `CONFLICT` if the newest version that says which project made it was made by another project than the one at work. Versions
 * made elsewhere say nothing and stand in nobody's way.
 */
export async function refuseOthersModel(
  { tracking, project }: Pick<LifecycleRooms, 'tracking' | 'project'>,
  model: string,
): Promise<void> {
  const owner = (await tracking.versions(model)).flatMap(({ tags }) => tags[TAG.project] ?? [])[0]
  if (owner === undefined || owner === project.name) return
  throw new PlannedError(
    'CONFLICT',
    `the model ${model} is kept by the project ${owner}, and this is ${project.name}`,
    {
      why: 'two projects in one model would be measured on rows that are not theirs',
      next: `add --project ${owner}, or give ${project.name} a model of its own: MLFLOW_MODEL_NAME`,
      facts: { model, owner, project: project.name },
    },
  )
}

/** Throws `NOT_FOUND` for a model that has no versions; one whose first is being trained right now is a model. */
export async function requireModel(
  { tracking, engine }: Pick<LifecycleRooms, 'tracking' | 'engine'>,
  model: string,
): Promise<void> {
  if ((await tracking.versions(model)).length > 0) return
  const isItsRun = ({ status, input }: FlowRun): boolean =>
    status === 'running' && typeof input === 'object' && input !== null && 'model' in input && input.model === model
  if ((await engine.flowRuns()).some(isItsRun)) return
  throw new PlannedError('NOT_FOUND', `there is no model ${model}`, {
    next: './understudy status lists those there are; a new one begins with ./understudy cycle',
    facts: { model },
  })
}
