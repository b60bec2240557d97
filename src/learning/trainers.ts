// The trainers there are, by name.
import { PlannedError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { linear } from './linear.ts'
import { mlp } from './mlp.ts'
import type { Trainer } from './port.ts'
import { trees } from './trees.ts'

export const trainers = { mlp, trees, linear } as const

/** What a record of a trainer's curve stands for; an epoch, of one that is not known here. */
export function countsOf(name: string): 'epoch' | 'tree' {
  return Object.hasOwn(trainers, name) ? (trainerNamed(name).countsBy ?? 'epoch') : 'epoch'
}

/**
 * The trainer of a name. Its settings are any JSON here: each trainer checks its own, where they enter.
 * Throws `BAD_INPUT` listing what there is.
 */
export function trainerNamed(name: string): Trainer<JsonObject> {
  if (Object.hasOwn(trainers, name)) return trainers[name as keyof typeof trainers] // it has one of that name
  throw new PlannedError('BAD_INPUT', `there is no trainer named "${name}"`, {
    next: `there are ${Object.keys(trainers).join(', ')}; name one of them in TRAINERS`,
  })
}
