// A person moves a version to Production, with a reason that stays on record.
import type { Transition } from '../tracking/port.ts'
import { findVersion } from './evaluate-version.ts'
import type { LifecycleRooms } from './rooms.ts'

/** Moves a version to Production; the one there is archived. Nothing happens, and nothing is returned, if it is there already. */
export async function promoteByHand(
  rooms: LifecycleRooms,
  request: { model: string; version: number; actor: string; reason: string },
): Promise<readonly Transition[]> {
  await rooms.tracking.noticeOutsideMoves(request.model)
  const version = await findVersion(rooms, request.model, { version: request.version })
  if (version.stage === 'Production') return []
  const cause = { actor: request.actor, reason: request.reason, evidence: null }
  const there = (await rooms.tracking.versions(request.model)).find(({ stage }) => stage === 'Production')
  const replaced = { ...cause, reason: `replaced by v${version.version}: ${request.reason}` }
  return await rooms.tracking.move(request.model, [
    ...(there === undefined
      ? []
      : [{ version: there.version, to: 'Archived' as const, expect: 'Production' as const, cause: replaced }]),
    { version: version.version, to: 'Production', expect: version.stage, cause },
  ])
}
