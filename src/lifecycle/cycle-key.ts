// What makes a cycle the same cycle when the command is given again.
import { digestOf } from '../kernel/json.ts'
import { dayText } from '../kernel/window.ts'
import { CycleInput } from './rooms.ts'

/** Which model, on which rows, in which store: what a month is decided for. */
export type CycleSubject = Pick<CycleInput, 'store' | 'model' | 'origin' | 'size'>

/**
 * The key of a month's run: the same command resumes it. The settings and the fingerprint of the raw rows are in it, so that an
 * unfinished run under other settings, or on rows that have changed since, does not stand in the way. How the command was spelt is not:
 * whatever else the input carries is left out.
 */
export function cycleKey(input: CycleInput, rawFingerprint: string): string {
  const asked = CycleInput.parse(input)
  return `${subjectKey(asked)}/${dayText(asked.fromMs)}/${digestOf({ ...asked, rawFingerprint }).slice(0, 12)}`
}

/** What the keys of all runs of one subject begin with. */
export function subjectKey({ store, model, origin, size }: CycleSubject): string {
  return `${store}/${model}/${origin}/${size}`
}

/** One cycle, training or change of stages per model at a time. */
export function lockOf(model: string): string {
  return `model/${model}`
}
