// Training by hand, under the model's lock, so that no cycle is at work meanwhile.
import { digestOf } from '../kernel/json.ts'
import type { TimeWindow } from '../kernel/window.ts'
import { lockOf } from './cycle-key.ts'
import { train } from './first-model.ts'
import { refuseOthersModel } from './model-owner.ts'
import type { TrainOutcome } from './outcome.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import type { FirstModelInput, LifecycleRooms } from './rooms.ts'
import type { TrainerSettings } from './trainer-settings.ts'

export interface TrainRequest
  extends Pick<FirstModelInput, 'model' | 'experiment' | 'size' | 'seed' | 'trainers' | 'timeReading' | 'threshold'> {
  readonly window: TimeWindow
  readonly splitRatio: number
  readonly trainerSettings?: TrainerSettings
}

/** Trains a version on a window and puts it in Staging. Each call trains; one that was stopped goes on. */
export async function trainByHand(rooms: LifecycleRooms, request: TrainRequest, watch: Watch): Promise<TrainOutcome> {
  await refuseOthersModel(rooms, request.model)
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const { window, trainerSettings = {}, ...settings } = request
  const input: FirstModelInput = {
    ...settings,
    ...window,
    store: rooms.store,
    origin,
    accept: false,
    tell: false,
    waiting: null,
    foreign: null,
    trainerSettings: { ...trainerSettings },
    retrainOf: null,
  }
  const { output } = await rooms.engine.run(train, rooms, input, {
    key: `${rooms.store}/${request.model}/${origin}/${digestOf({ ...input }).slice(0, 12)}`,
    lock: lockOf(request.model),
    whenCompleted: 'anew',
    ...watch,
  })
  return output
}
