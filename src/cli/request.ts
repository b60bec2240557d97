// From settings to requests: the one place where a command turns what is set into what is asked of the lifecycle.
import { addMonths } from '../kernel/window.ts'
import type { Project } from '../lifecycle/project.ts'
import type { CycleRequest } from '../lifecycle/run-cycle.ts'
import { readTrainerSettings } from '../lifecycle/trainer-settings.ts'
import type { Settings } from './command.ts'

/** What every flow takes from the settings. */
export function fromSettings(settings: Settings) {
  const { model, experiment, size, seed, trainers, trainWindow, refit, timeReading, threshold, rule } = settings
  return {
    ...{ model, experiment, size, seed, trainers: [...trainers], trainWindow, refit, timeReading, threshold, rule },
    trainerSettings: readTrainerSettings(settings.trainerSettings),
    ...(settings.tuneTrials === 0 ? {} : { tuneTrials: settings.tuneTrials }),
  }
}

/** The month that begins on a day. */
export function cycleRequest(
  settings: Settings,
  fromMs: number,
  { again, challenger }: { again: boolean; challenger: number | null },
): CycleRequest {
  return {
    ...fromSettings(settings),
    fromMs,
    toMs: addMonths(fromMs, 1),
    onEscalate: 'ask',
    acceptFirst: settings.firstChampion === 'accept',
    again,
    challenger,
  }
}

/** The recipe's window of history: from the project's first day to the month that is evaluated. */
export function historyWindow(project: Project, settings: Settings): { fromMs: number; toMs: number } {
  return { fromMs: project.historyFromMs, toMs: settings.evaluationStartMs }
}
