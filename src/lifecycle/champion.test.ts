// Which versions may play which part, on rosters made to order.
import { expect, test } from 'vitest'
import type { ModelVersion, Transition } from '../tracking/port.ts'
import { type Roster, TAG, warmStartFor } from './champion.ts'

const wanted = { origin: 'simulated', trainer: 'mlp', featureDigest: 'f', beforeMs: Date.UTC(2015, 3, 1) }

function version(number: number, stage: ModelVersion['stage'], trainedTo: string): ModelVersion {
  return {
    name: 'm',
    version: number,
    stage,
    runId: null,
    source: '',
    description: '',
    createdAtMs: 0,
    tags: { [TAG.trainer]: 'mlp', [TAG.featureDigest]: 'f', [TAG.origin]: 'simulated', [TAG.trainedTo]: trainedTo },
  }
}

function transition(number: number, from: Transition['from'], to: Transition['to'], evidence: Transition['evidence']) {
  return { id: 0, name: 'm', version: number, from, to, atMs: 0, actor: 'ana', reason: 'x', evidence }
}

/** v1 served, v2 served after it and was rolled back. */
const rolledBack: Roster = {
  versions: [version(2, 'Archived', '2015-02-01'), version(1, 'Production', '2015-01-01')],
  history: [
    transition(1, 'Staging', 'Production', null),
    transition(1, 'Production', 'Archived', null),
    transition(2, 'Staging', 'Production', null),
    transition(2, 'Production', 'Archived', { rolledBackTo: 1 }),
    transition(1, 'Archived', 'Production', { rolledBackTo: 1 }),
  ],
}

test('a training does not start from a version that a person rolled back', () => {
  expect(warmStartFor(rolledBack, wanted)?.version).toBe(1)
})

test('one that came back to Production is started from again', () => {
  const history = [...rolledBack.history, transition(2, 'Archived', 'Production', null)]
  expect(warmStartFor({ ...rolledBack, history }, wanted)?.version).toBe(2)
})

test('a former champion that was merely replaced is started from', () => {
  const history = [...rolledBack.history.slice(0, 3), transition(2, 'Production', 'Archived', null)]
  expect(warmStartFor({ ...rolledBack, history }, wanted)?.version).toBe(2)
})

test('a training does not start from a version that has learnt rows of its window', () => {
  const beforeMs = Date.parse('2015-01-15')
  const history = [...rolledBack.history.slice(0, 3), transition(2, 'Production', 'Archived', null)]
  expect(warmStartFor({ ...rolledBack, history }, { ...wanted, beforeMs })?.version).toBe(1)
})
