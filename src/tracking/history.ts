// The history of stages: rows that are only ever added, each sealed over the one before, so that a later edit shows.
import { canonicalJson, type Json, sha256 } from '../kernel/json.ts'
import type { HistoryCheck, Stage, Transition } from './port.ts'
import type { Sql } from './schema.ts'

/** Adds transitions at the end, in the order given. Returns them with their numbers. */
export async function addToHistory(trx: Sql, changes: readonly Omit<Transition, 'id'>[]): Promise<Transition[]> {
  const last = await trx
    .selectFrom('understudy_transitions')
    .select(['id', 'seal'])
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  let previousSeal = last?.seal ?? ''
  let id = last?.id ?? 0
  const added: Transition[] = []
  for (const change of changes) {
    const row = {
      id: ++id,
      name: change.name,
      version: change.version,
      from_stage: change.from,
      to_stage: change.to,
      actor: change.actor,
      reason: change.reason,
      evidence: canonicalJson(change.evidence),
      at_ms: change.atMs,
    }
    const seal = sealOf(previousSeal, row)
    await trx
      .insertInto('understudy_transitions')
      .values({ ...row, previous_seal: previousSeal, seal })
      .execute()
    previousSeal = seal
    added.push({ ...change, id })
  }
  return added
}

/** Every transition of a model, oldest first. */
export async function readHistory(sql: Sql, name: string): Promise<Transition[]> {
  const rows = await sql
    .selectFrom('understudy_transitions')
    .selectAll()
    .where('name', '=', name)
    .orderBy('id')
    .execute()
  return rows.map(transitionOf)
}

/**
 * Recomputes every seal, oldest first. It finds a row that was edited, added in between or taken out; not that the newest rows
 * were cut off by someone who removed the triggers, which shows as versions whose stage the history does not explain.
 */
export async function checkHistory(sql: Sql): Promise<HistoryCheck> {
  const rows = await sql.selectFrom('understudy_transitions').selectAll().orderBy('id').execute()
  let previousSeal = ''
  for (const [index, row] of rows.entries()) {
    const broken = (reason: string): HistoryCheck => ({ kind: 'broken', atId: row.id, reason })
    if (row.id !== index + 1) return broken(`row ${index + 1} is missing`)
    if (row.previous_seal !== previousSeal) return broken(`row ${row.id} does not follow the one before it`)
    if (row.seal !== sealOf(previousSeal, row)) return broken(`row ${row.id} was edited`)
    previousSeal = row.seal
  }
  return { kind: 'whole', rows: rows.length }
}

interface Row {
  id: number
  name: string
  version: number
  from_stage: string
  to_stage: string
  actor: string
  reason: string
  evidence: string
  at_ms: number | bigint
}

function transitionOf(row: Row): Transition {
  return {
    id: row.id,
    name: row.name,
    version: row.version,
    from: row.from_stage as Stage, // the table's check allows nothing else
    to: row.to_stage as Stage,
    actor: row.actor,
    reason: row.reason,
    evidence: evidenceOf(row.evidence),
    atMs: Number(row.at_ms),
  }
}

/** Evidence was written as canonical JSON; text that somebody put in its place is shown as it stands, and breaks the seal. */
function evidenceOf(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}

/** SHA-256 over the seal before and the row's content as canonical JSON. */
function sealOf(previousSeal: string, row: Row): string {
  const { id, name, version, from_stage, to_stage, actor, reason, evidence, at_ms } = row
  const content = { id, name, version, from_stage, to_stage, actor, reason, evidence, at_ms: Number(at_ms) }
  return sha256(previousSeal + canonicalJson(content))
}
