// The laws of the Engine port. An adapter's test calls `engineLaws` with a way to make a fresh store.
import { describe, test } from 'vitest'
import { decisionLaws } from './engine-decisions.contract.ts'
import { cancelLaws, completionLaws, orphanLaws } from './engine-ends.contract.ts'
import { holdLaws } from './engine-holds.contract.ts'
import type { EngineStore } from './engine-store.contract.ts'
import { attemptLaws, logLaws, replayLaws } from './engine-tasks.contract.ts'
import { valueLaws } from './engine-values.contract.ts'

const LAWS = {
  replayLaws,
  valueLaws,
  attemptLaws,
  logLaws,
  completionLaws,
  cancelLaws,
  orphanLaws,
  holdLaws,
  decisionLaws,
}

export function engineLaws(openStore: () => Promise<EngineStore>): void {
  describe.each(Object.entries(LAWS))('%s', (_, laws) => {
    for (const [name, law] of Object.entries(laws)) test(name, async () => law(await openStore()))
  })
}
