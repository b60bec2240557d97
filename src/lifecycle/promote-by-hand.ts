// Promoting by hand, under the model's lock, so that no cycle is at work meanwhile.
import { z } from 'zod'
import { flow } from '../flow/flow.ts'
import { newId } from '../kernel/ids.ts'
import type { Transition } from '../tracking/port.ts'
import { trainedToMs } from './champion.ts'
import { lockOf } from './cycle-key.ts'
import { findVersion } from './evaluate-version.ts'
import { refuseOthersModel, requireModel } from './model-owner.ts'
import { checkEntering } from './open-version.ts'
import type { LifecycleRooms } from './rooms.ts'
import { takeProduction } from './stage-moves.ts'

const Promotion = z.object({ model: z.string(), version: z.int(), actor: z.string(), reason: z.string() })
type Promotion = z.infer<typeof Promotion>

const promotion = flow<LifecycleRooms>()({
  name: 'promotion',
  version: 1,
  input: Promotion,
  run: ({ task, rooms }, input) =>
    task('transition_model', input, async (asked, context): Promise<{ moves: number[]; warning: string | null }> => {
      const moves = await promote(rooms, asked, context.effectKey)
      const version = await rooms.tracking.version(asked.model, asked.version)
      const warning =
        trainedToMs(version) === null
          ? `v${asked.version} does not say which rows it learnt, so no later month can be compared with it fairly`
          : null
      return { moves: moves.map(({ id }) => id), warning }
    }),
})

/** Moves a version to Production; those there are archived. No moves if it is there alone already. Throws `CONFLICT` while a cycle runs. */
export async function promoteByHand(
  rooms: LifecycleRooms,
  request: Promotion,
): Promise<{ readonly moves: readonly Transition[]; readonly warning: string | null }> {
  await requireModel(rooms, request.model)
  await refuseOthersModel(rooms, request.model)
  const { output } = await rooms.engine.run(promotion, rooms, request, {
    key: `${rooms.store}/${request.model}/${newId()}`, // every decision of a person is one of its own
    lock: lockOf(request.model),
  })
  const history = await rooms.tracking.history(request.model)
  return { moves: history.filter(({ id }) => output.moves.includes(id)), warning: output.warning }
}

async function promote(rooms: LifecycleRooms, request: Promotion, effectKey: string): Promise<readonly Transition[]> {
  const { tracking } = rooms
  await tracking.noticeOutsideMoves(request.model)
  const version = await findVersion(rooms, request.model, { version: request.version })
  const versions = await tracking.versions(request.model)
  // MLflow's clients may have put several there, of which the newest serves.
  const there = versions.find((other) => other.stage === 'Production' && other.version !== version.version)
  if (version.stage === 'Production' && there === undefined) return []
  const moves = takeProduction(
    { number: version.version, from: version.stage },
    { number: there?.version ?? null, reason: `replaced by v${version.version}: ${request.reason}` },
    { actor: request.actor, reason: request.reason, evidence: null },
  )
  await checkEntering(rooms, request.model, moves)
  return await tracking.move(request.model, moves, `${effectKey}/move`)
}
