// Serving: predictions for requests that come one by one and in tables, from whichever version they name.
import { PlannedError } from '../kernel/errors.ts'
import type { ModelVersion, Tracking } from '../tracking/port.ts'
import type { Batch } from '../warehouse/port.ts'
import type { Scored, ScoreOptions } from './batched-predictor.ts'
import { findVersion, type VersionChoice } from './evaluate-version.ts'
import type { Project, TimeReading } from './project.ts'
import { openFlags } from './range-flags.ts'
import { openRegistryView } from './registry-view.ts'
import type { RequestTimes } from './request-row.ts'
import { openServedModels } from './served-models.ts'

export interface Answered extends Scored {
  readonly version: ModelVersion
}

/** What a server of predictions works with. */
export interface Serving {
  readonly project: Project
  /** The registered model's name. */
  readonly model: string
  /** How the times of requests are taken. */
  readonly times: RequestTimes
  /**
   * Predictions for rows of raw columns, in their order, with the intervals around them where they are asked for; rows that come at the
   * same time are scored together. A version that is moved is noticed within a second, without a request waiting for the change.
   * Throws `NOT_FOUND` if there is no such version, `UNAVAILABLE` if it cannot be opened, `BAD_DATA` if it cannot score these rows.
   */
  predict(choice: VersionChoice, columns: Batch['columns'], rows: number, options?: ScoreOptions): Promise<Answered>
  /** Closes the models; whoever calls has no request under way. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Serves the versions of one model. `report` hears of what goes wrong behind the requests. */
export function openServing(rooms: {
  readonly tracking: Tracking
  readonly project: Project
  readonly model: string
  readonly timeReading: TimeReading
  readonly report: (error: unknown, where: string) => void
}): Serving {
  const { tracking, project, model, timeReading, report } = rooms
  const find = openRegistryView(tracking, model, report)
  const models = openServedModels({ tracking, project, flag: openFlags(project, timeReading), report })
  return {
    project,
    model,
    times: { reading: timeReading, unzoned: 'local' },
    async predict(choice, columns, rows, options) {
      const version = await find(choice)
      if (version === null) throw await notThere(tracking, model, choice)
      const loan = await models.borrow(choice, version)
      try {
        return { version: loan.version, ...(await loan.score(columns, rows, options)) }
      } finally {
        loan.giveBack()
      }
    },
    [Symbol.asyncDispose]: () => models[Symbol.asyncDispose](),
  }
}

/** The error that says which versions there are instead. */
async function notThere(tracking: Tracking, model: string, choice: VersionChoice): Promise<unknown> {
  try {
    await findVersion({ tracking }, model, choice)
  } catch (error) {
    return error
  }
  return new PlannedError('UNAVAILABLE', `${model} has that version only since a moment`, { next: 'ask again' })
}
