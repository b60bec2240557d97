// The two moves that matter, each made in one way: a version takes the stage, a version waits for it.
import { isPlanned } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Cause, ModelVersion, Move, Stage, Tracking } from '../tracking/port.ts'

const ACTOR = 'understudy'

/** Moves that put a version into Production in place of the one that was seen there (null: none). Others by now is `CONFLICT`. */
export function takeProduction(
  version: { readonly number: number; readonly from: Stage },
  replaced: { readonly number: number | null; readonly reason: string },
  cause: Cause,
): Move[] {
  const enters: Move = {
    version: version.number,
    to: 'Production',
    expect: version.from,
    replaces: replaced.number,
    cause,
  }
  if (replaced.number === null) return [enters]
  const leaves: Move = {
    version: replaced.number,
    to: 'Archived',
    expect: 'Production',
    cause: { ...cause, reason: replaced.reason },
  }
  return [leaves, enters]
}

/**
 * Moves a version to Staging; the one that is there is archived as superseded. One that is there already stays, and so does one that
 * somebody has put into Production: whoever judges it finds it there and stands aside.
 */
export async function enterStaging(
  tracking: Tracking,
  who: Pick<ModelVersion, 'name' | 'version'>,
  reason: string,
  effectKey: string,
): Promise<void> {
  const enter = async (): Promise<void> => {
    const versions = await tracking.versions(who.name)
    const from = versions.find(({ version }) => version === who.version)?.stage
    if (from === undefined || from === 'Production') return
    const there = versions.find(({ version, stage }) => stage === 'Staging' && version !== who.version)?.version ?? null
    const cause = causeOf(`superseded by v${who.version}`)
    const leaves: Move[] = there === null ? [] : [{ version: there, to: 'Archived', expect: 'Staging', cause }]
    const enters: Move = { version: who.version, to: 'Staging', expect: from, replaces: there, cause: causeOf(reason) }
    await tracking.move(who.name, [...leaves, enters], `${effectKey}/staging`)
  }
  try {
    await enter()
  } catch (error) {
    if (!isPlanned(error, 'CONFLICT')) throw error
    await enter() // somebody moved a version between the look and the move; once more with what is there now
  }
}

/** A cause of our own. */
export function causeOf(reason: string, evidence: Json = null): Cause {
  return { actor: ACTOR, reason, evidence }
}
