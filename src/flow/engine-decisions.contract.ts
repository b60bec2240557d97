// Laws of the Engine port about decisions: what people are asked, and what they answer.
import { expect } from 'vitest'
import { isPlanned } from '../kernel/errors.ts'
import { type EngineLaws, type EngineStore, flowOf } from './engine-store.contract.ts'
import type { Engine } from './port.ts'

const answered = { choice: 'promote', by: 'ana', why: 'it is better', details: { looked: true } }

/** A flow run of its own. */
async function runOf(engine: Engine, key: string): Promise<string> {
  const done = flowOf(async () => null)
  return (await engine.run(done, null, {}, { key })).run.id
}

async function asked(engine: Engine, key: string, subject = 'a model') {
  return await engine.decisions.ask({ flowRunId: await runOf(engine, key), subject, question: { month: key } })
}

export const decisionLaws: EngineLaws = {
  'what was asked is read back by every process, newest first, by subject': async (store) => {
    await using engine = await store.open()
    const first = await asked(engine, 'one')
    const second = await asked(engine, 'two', 'another model')
    await using other = await store.open({ process: 'elsewhere' })
    expect(await other.decisions.list()).toEqual([second, first])
    expect(await other.decisions.list({ subject: 'a model' })).toEqual([first])
    expect(await other.decisions.find(first.id)).toEqual(first)
    expect(first).toMatchObject({ subject: 'a model', question: { month: 'one' }, answer: null })
    expect(second.id).toBeGreaterThan(first.id)
  },

  'a run asks once': async (store) => {
    await using engine = await store.open()
    const first = await asked(engine, 'one')
    const { flowRunId } = first
    expect(await engine.decisions.ask({ flowRunId, subject: 'a model', question: 'another' })).toEqual(first)
    expect(await engine.decisions.list()).toHaveLength(1)
  },

  'a decision is answered once, and a second answer is told who gave the first': async (store) => {
    await using engine = await store.open()
    const { id } = await asked(engine, 'one')
    const flowRunId = await runOf(engine, 'answer')
    const decision = await engine.decisions.answer(id, { ...answered, flowRunId })
    expect(decision.answer).toMatchObject({ ...answered, flowRunId })
    expect(await engine.decisions.answer(id, { ...answered, flowRunId })).toEqual(decision)
    const late = engine.decisions.answer(id, { ...answered, choice: 'keep', flowRunId: await runOf(engine, 'late') })
    await expect(late).rejects.toThrow(
      /decision \d+ was answered before: ana chose promote on .* because "it is better"/,
    )
    expect(await engine.decisions.find(id)).toEqual(decision)
  },

  'of two who answer at once, one is told of the other': async (store) => {
    await using engine = await store.open()
    await using other = await store.open({ process: 'elsewhere' })
    const { id } = await asked(engine, 'one')
    const [own, foreign] = [await runOf(engine, 'own'), await runOf(other, 'foreign')]
    const both = await Promise.allSettled([
      engine.decisions.answer(id, { ...answered, flowRunId: own }),
      other.decisions.answer(id, { ...answered, choice: 'keep', flowRunId: foreign }),
    ])
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  },

  'a decision or a run that is none is NOT_FOUND': async (store: EngineStore) => {
    await using engine = await store.open()
    for (const look of [engine.decisions.find(7), engine.flowRun('none')]) {
      expect(isPlanned(await look.catch((error: unknown) => error), 'NOT_FOUND')).toBe(true)
    }
  },
}
