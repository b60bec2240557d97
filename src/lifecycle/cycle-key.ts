// What makes a cycle the same cycle when the command is given again.
import { digestOf } from '../kernel/json.ts'
import { dayText } from '../kernel/window.ts'
import type { CycleInput } from './rooms.ts'

/**
 * The key of a month's run: the same command resumes it, or finds it done. The settings are in it, so that an unfinished run
 * under other settings does not stand in the way.
 */
export function cycleKey(input: CycleInput): string {
  return `${cycleKeyPrefix(input)}${input.again ? 'again/' : ''}${digestOf({ ...input }).slice(0, 12)}`
}

/** What the keys of all runs of one month begin with, whatever their settings. */
export function cycleKeyPrefix(month: Pick<CycleInput, 'model' | 'origin' | 'fromMs'>): string {
  return `${month.model}/${month.origin}/${dayText(month.fromMs)}/`
}
