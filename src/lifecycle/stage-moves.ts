// The two moves that matter, each made in one way: a version takes the stage, a version waits for it.
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

/** Moves a version to Staging; the one that is there is archived as superseded. Nothing happens to a version that is there already. */
export async function enterStaging(
  tracking: Tracking,
  version: ModelVersion,
  reason: string,
  effectKey: string,
): Promise<void> {
  const there = (await tracking.versions(version.name)).find(({ stage }) => stage === 'Staging')
  const moves: Move[] = [{ version: version.version, to: 'Staging', cause: causeOf(reason) }]
  if (there !== undefined && there.version !== version.version) {
    moves.unshift({ version: there.version, to: 'Archived', cause: causeOf(`superseded by v${version.version}`) })
  }
  await tracking.move(version.name, moves, `${effectKey}/staging`)
}

/** A cause of our own. */
export function causeOf(reason: string, evidence: Json = null): Cause {
  return { actor: ACTOR, reason, evidence }
}
