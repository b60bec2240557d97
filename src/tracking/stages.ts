// The stages a version can be in, as MLflow's table spells them.
import { PlannedError } from '../kernel/errors.ts'
import type { Stage } from './port.ts'

/** What MLflow writes as the stage of a version it deleted; the row stays. */
export const DELETED_STAGE = 'Deleted_Internal'

const STAGES: readonly string[] = ['None', 'Staging', 'Production', 'Archived'] satisfies Stage[]

/** The stage in a row; an empty one means none. Throws `BAD_DATA` for what no MLflow writes. */
export function stageOf(text: string | null): Stage {
  if (text === null || text === '') return 'None'
  if (isStage(text)) return text
  throw new PlannedError(
    'BAD_DATA',
    `a version is in the stage ${JSON.stringify(text)}; MLflow knows ${STAGES.join(', ')}`,
    { next: 'correct it there' },
  )
}

export function isStage(text: string): text is Stage {
  return STAGES.includes(text)
}

/** The stages that at most one version of a model is in. */
export function isExclusive(stage: Stage): boolean {
  return stage === 'Staging' || stage === 'Production'
}
