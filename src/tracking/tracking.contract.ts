// The laws of tracking. Each adapter's test hands in a way to open a fresh, empty one.
import { beforeEach, describe, expect, test } from 'vitest'
import { CAUSE, MODEL, MODEL_BYTES, type OpenBed, registered } from './tracking-bed.ts'
import { moveLaws } from './tracking-moves.contract.ts'
import { registryLaws } from './tracking-registry.contract.ts'
import { runLaws } from './tracking-runs.contract.ts'
import { valueLaws } from './tracking-values.contract.ts'

/** What may differ between stores. */
interface Terms {
  /** Laws that are not held, by name, with the reason. */
  readonly excused?: Readonly<Record<string, string>>
  /** How many of the random cases are tried: all of them, or a part where each takes long. */
  readonly share?: number
}

/** Runs every law against the stores that `open` makes. */
export function trackingContract(name: string, open: OpenBed, { excused = {}, share = 1 }: Terms = {}): void {
  describe(`${name} keeps the laws of tracking`, { timeout: 60_000 }, () => {
    beforeEach(({ task, skip }) => {
      const reason = excused[task.name]
      if (reason !== undefined) skip(reason)
    })
    runLaws(open)
    valueLaws(open, share)
    registryLaws(open)
    moveLaws(open, share)
    test('everything is there for whoever opens the store next', async () => {
      const { tracking, openAgain } = await open()
      const [version] = await registered(tracking)
      const runId = version?.runId ?? ''
      await tracking.logParams(runId, { rate: '0.1' })
      await tracking.logMetrics(runId, [{ key: 'mae', value: 2, step: 1, timestampMs: 1 }])
      await tracking.move(MODEL, [{ version: 1, to: 'Production', cause: CAUSE }])
      const again = await openAgain()
      expect(await again.run(runId)).toEqual(await tracking.run(runId))
      expect(await again.versions(MODEL)).toEqual(await tracking.versions(MODEL))
      expect(await again.history(MODEL)).toEqual(await tracking.history(MODEL))
      expect(await again.readModelFile(MODEL, 1, 'model.onnx')).toEqual(MODEL_BYTES)
      expect(await again.listArtifacts(runId)).toEqual([{ path: 'model/model.onnx', bytes: 4 }])
    })
  })
}
