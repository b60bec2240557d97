// Searches on a stage: what they are asked for, what each training was asked for, and what they came to.
import { monthWindow, parseDay } from '../../src/kernel/window.ts'
import { parseParameter } from '../../src/learning/search/space.ts'
import type { TrainingRequest } from '../../src/lifecycle/rooms.ts'
import { runCycle } from '../../src/lifecycle/run-cycle.ts'
import type { TuneRequest } from '../../src/lifecycle/tune-by-hand.ts'
import type { TuneOutcome } from '../../src/lifecycle/tune-input.ts'
import type { Run } from '../../src/tracking/port.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

export const HISTORY = { fromMs: parseDay('2020-01-01'), toMs: parseDay('2020-04-01') }

export function asked(changes: Partial<TuneRequest> = {}): TuneRequest {
  const { model, experiment, size, timeReading, seed, trainWindow } = usual(deliveries())
  return {
    ...{ model, experiment, size, timeReading, seed, trainWindow },
    trainer: 'linear',
    trainerSettings: {},
    learns: 'window',
    window: HISTORY,
    evaluationFromMs: HISTORY.toMs,
    space: [parseParameter('ridge=1e-6..10:log')],
    sampler: 'tpe',
    trials: 12,
    timeMs: null,
    folds: 3,
    workers: 2,
    ...changes,
  }
}

/** A stage that keeps what each training was asked for. */
export async function openWatched(
  learning?: (count: number) => void | Promise<void>,
): Promise<{ stage: Stage; requests: TrainingRequest[] }> {
  const stage = await openStage(deliveries(), learning === undefined ? {} : { learning })
  const requests: TrainingRequest[] = []
  const { runTraining } = stage
  const watched: Stage['runTraining'] = async (request, how) => {
    requests.push(request)
    return await runTraining(request, how)
  }
  const rooms = { ...stage, runTraining: watched }
  const month: Stage['month'] = (named, changes, signal) =>
    runCycle(
      rooms,
      { ...usual(stage.project), ...monthWindow(named), ...changes },
      signal === undefined ? {} : { signal },
    )
  return { stage: { ...rooms, month }, requests }
}

/** What came of the trials, without what no two runs share. */
export const essence = ({ trials }: TuneOutcome) =>
  trials.map(({ number, settings, state, errors, why }) => ({ number, settings, state, errors, why }))

export async function runsOf(stage: Stage, tags: Record<string, string>): Promise<readonly Run[]> {
  const experiment = await stage.tracking.experiment('deliveries_experiment')
  return await stage.tracking.findRuns(experiment.id, tags)
}
