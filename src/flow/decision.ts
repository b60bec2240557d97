// What people are asked, and what they answer.
import { PlannedError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'

/** A question to a person, asked by a flow run. It holds no worker while it waits: the answer starts a run of its own. */
export interface Decision {
  /** 1, 2, 3, … in one journal. */
  readonly id: number
  /** The run that asked. */
  readonly flowRunId: string
  /** Whom or what it is about; the asker's own words. */
  readonly subject: string
  /** What the answer is about, by reference. */
  readonly question: Json
  readonly askedAtMs: number
  readonly answer: Answer | null
}

export interface Answer {
  readonly choice: string
  readonly by: string
  readonly why: string
  /** What else was said with it. */
  readonly details: Json
  /** The run that carried it out. */
  readonly flowRunId: string
  readonly atMs: number
}

/**
 * The decisions of an engine's journal:
 * - a flow run asks once: asking again in the same run returns the same decision;
 * - a decision is answered once: the same run answering again changes nothing, another one is `CONFLICT` and says who answered, when and how;
 * - questions and answers are never edited or removed.
 */
export interface Decisions {
  ask(question: Pick<Decision, 'flowRunId' | 'subject' | 'question'>): Promise<Decision>
  answer(id: number, answer: Omit<Answer, 'atMs'>): Promise<Decision>
  /** Throws `NOT_FOUND`. */
  find(id: number): Promise<Decision>
  /** Newest first; of one subject, if it is named. */
  list(filter?: { readonly subject?: string }): Promise<readonly Decision[]>
}

/** What a second answer is refused with. */
export function alreadyAnswered(id: number, { choice, by, why, atMs }: Answer): PlannedError {
  const when = new Date(atMs).toISOString()
  return new PlannedError('CONFLICT', `decision ${id} was answered before`, {
    why: `${by} chose ${choice} on ${when}, because "${why}"`,
    next: 'nothing was done now; the history shows what came of it',
    facts: { id, choice, by, when },
  })
}
