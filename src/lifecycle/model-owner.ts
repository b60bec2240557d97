// Whose model it is: in one home several projects keep a model each, and none may learn, judge or promote another's.
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

/** What somebody is told who names a model that has no versions. */
export function noSuchModel(model: string): PlannedError {
  return new PlannedError('NOT_FOUND', `there is no model ${model}`, {
    next: './understudy status lists those there are; a new one begins with ./understudy cycle',
    facts: { model },
  })
}
