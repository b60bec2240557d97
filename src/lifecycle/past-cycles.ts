// What was decided before: read from the journal, and only from runs whose effects are done.
import type { FlowRun } from '../flow/port.ts'
import type { Json } from '../kernel/json.ts'
import { type CycleSubject, subjectKey } from './cycle-key.ts'
import type { CycleOutcome } from './outcome.ts'
import type { LifecycleRooms } from './rooms.ts'

/** Cycles of a subject that came to an outcome, newest first. */
export async function pastOutcomes(
  { engine }: Pick<LifecycleRooms, 'engine'>,
  subject: CycleSubject,
): Promise<readonly { readonly run: FlowRun; readonly outcome: CycleOutcome }[]> {
  return (await cyclesOf(engine, subject)).flatMap((run) => {
    const outcome = run.status === 'completed' ? readOutcome(run.output) : null
    return outcome === null ? [] : [{ run, outcome }]
  })
}

/** Whether an outcome used its holdout up: a challenger was judged on it. */
export function isLook(outcome: CycleOutcome): boolean {
  return outcome.challenger !== null && outcome.case !== 'overtaken'
}

async function cyclesOf(engine: LifecycleRooms['engine'], subject: CycleSubject): Promise<FlowRun[]> {
  const prefix = `${subjectKey(subject)}/`
  return (await engine.flowRuns({ flow: 'cycle' }))
    .filter((run) => run.key.startsWith(prefix))
    .sort((a, b) => b.startedAtMs - a.startedAtMs)
}

/** The journal holds what this program wrote there; an outcome is known by its month. */
function readOutcome(output: Json): CycleOutcome | null {
  return typeof output === 'object' && output !== null && 'month' in output ? (output as CycleOutcome) : null
}
