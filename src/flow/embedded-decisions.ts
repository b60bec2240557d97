// Decisions in the journal's own database.
import type { Transaction } from 'kysely'
import type { Database } from '../database/port.ts'
import type { Clock } from '../kernel/clock.ts'
import { PlannedError } from '../kernel/errors.ts'
import { type Answer, alreadyAnswered, type Decision, type Decisions } from './decision.ts'
import type { JournalSchema } from './journal-schema.ts'
import { fromJournal, journalText } from './journal-text.ts'

type Reader = Pick<Transaction<JournalSchema>, 'selectFrom'>

/** The decisions of an open journal. */
export function embeddedDecisions(database: Database<JournalSchema>, clock: Clock): Decisions {
  return {
    ask: ({ flowRunId, subject, question }) =>
      database.transaction(async (trx) => {
        const text = journalText(question, `a question about ${subject}`)
        const row = { flow_run_id: flowRunId, subject, question: text, asked_at_ms: clock.nowMs() }
        const insert = trx.insertInto('decisions').values(row)
        await insert.onConflict((conflict) => conflict.column('flow_run_id').doNothing()).execute()
        const [asked] = await read(trx, (query) => query.where('decisions.flow_run_id', '=', flowRunId))
        if (asked === undefined) throw new Error(`run ${flowRunId} asked and its question is missing`)
        return asked
      }),
    answer: (id, answer) =>
      database.transaction(async (trx) => {
        const decision = await find(trx, id)
        if (decision.answer !== null) {
          if (decision.answer.flowRunId === answer.flowRunId) return decision
          throw alreadyAnswered(id, decision.answer)
        }
        const { choice, by, why, flowRunId } = answer
        const details = journalText(answer.details, `an answer to decision ${id}`)
        const row = { choice, answered_by: by, why, details, flow_run_id: flowRunId, answered_at_ms: clock.nowMs() }
        await trx
          .insertInto('decision_answers')
          .values({ decision_id: id, ...row })
          .execute()
        return await find(trx, id)
      }),
    find: (id) => find(database.sql, id),
    list: ({ subject } = {}) =>
      read(database.sql, (query) => (subject === undefined ? query : query.where('decisions.subject', '=', subject))),
  }
}

async function find(reader: Reader, id: number): Promise<Decision> {
  const [found] = await read(reader, (query) => query.where('decisions.id', '=', id))
  if (found !== undefined) return found
  throw new PlannedError('NOT_FOUND', `there is no decision ${id}`, {
    next: './understudy decisions --all lists them',
    facts: { id },
  })
}

function selectAll(reader: Reader) {
  return reader
    .selectFrom('decisions')
    .leftJoin('decision_answers as answer', 'answer.decision_id', 'decisions.id')
    .select(['id', 'decisions.flow_run_id as asked_by', 'subject', 'question', 'asked_at_ms'])
    .select(['choice', 'answered_by', 'why', 'details', 'answer.flow_run_id as carried_out_by', 'answered_at_ms'])
    .orderBy('id', 'desc')
}

type Query = ReturnType<typeof selectAll>

async function read(reader: Reader, narrow: (query: Query) => Query): Promise<Decision[]> {
  const rows = await narrow(selectAll(reader)).execute()
  return rows.map((row) => ({
    id: row.id,
    flowRunId: row.asked_by,
    subject: row.subject,
    question: fromJournal(row.question),
    askedAtMs: row.asked_at_ms,
    answer: answerOf(row),
  }))
}

/** The columns of an answer are there all together, or not at all. */
function answerOf(row: Awaited<ReturnType<Query['execute']>>[number]): Answer | null {
  const { choice, answered_by: by, why, details, carried_out_by: flowRunId, answered_at_ms: atMs } = row
  const isAnswered =
    choice !== null && by !== null && why !== null && details !== null && flowRunId !== null && atMs !== null
  return isAnswered ? { choice, by, why, details: fromJournal(details), flowRunId, atMs } : null
}
