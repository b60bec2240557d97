// What a training says of its beginning and its end.
import { countsOf, trainerNamed } from '../learning/trainers.ts'
import { OWN, placeOf, RECIPE } from './recipe-lines.ts'
import type { LifecycleRooms, TrainingResult } from './rooms.ts'

/** Whose weights a training begins with; of a trainer that always begins with none there is nothing to say. */
export async function beginningLines(
  rooms: LifecycleRooms,
  model: string,
  { trainer, coldWhy }: { readonly trainer: string; readonly coldWhy?: string | null },
  isWarm: boolean,
): Promise<string[]> {
  const place = placeOf(rooms)
  if (isWarm) return [RECIPE.modelLoaded(place)]
  if (!trainerNamed(trainer).warmStarts) return []
  if (coldWhy != null) return [coldWhy]
  if (place !== 'mlflow') return [] // only the registry is asked by stage
  const serves = (await rooms.tracking.versions(model)).some(({ stage }) => stage === 'Production')
  return serves ? [] : [RECIPE.noModelFound(model, 'Production')]
}

/** What a training came to: the recipe's line, whose figure is the lowest of any epoch, and below it that of the weights kept. */
export function trainedLines(
  { project }: Pick<LifecycleRooms, 'project'>,
  trainer: string,
  result: TrainingResult,
): string[] {
  const { metric } = project
  const { earlyStopMae, earlyStopRows, fitRows, keptEpoch, keptSteps, averaged = 1 } = result
  const counts = countsOf(trainer)
  if (earlyStopMae === null) return [OWN.trainedForSteps(trainer, counts, fitRows, keptSteps)]
  const lowest = Math.min(...result.epochs.map((epoch) => epoch.valMae ?? Number.POSITIVE_INFINITY))
  return [
    RECIPE.modelTrained(fitRows, metric, lowest),
    OWN.weightsKept({ trainer, counts, averaged }, keptEpoch, metric, earlyStopMae, earlyStopRows),
  ]
}
