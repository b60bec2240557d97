// A project whose simulator takes a minute and listens to nobody.
import { setTimeout as sleep } from 'node:timers/promises'
import { deliveries } from '../deliveries/project.ts'

const usual = deliveries()

export const project = {
  ...usual,
  simulate: async function* (...asked: Parameters<NonNullable<typeof usual.simulate>>) {
    await sleep(60_000)
    if (usual.simulate !== null) yield* usual.simulate(...asked)
  },
}
