// A version whose file is not what it was: whoever needs it says which version, which file and what to do, and nothing moves.
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OnnxGraph, openGraph } from '../../src/features/onnx-graph.ts'
import { parseMonth } from '../../src/kernel/window.ts'
import { evaluateVersion } from '../../src/lifecycle/evaluate-version.ts'
import { predictOne } from '../../src/lifecycle/predict.ts'
import { promoteByHand } from '../../src/lifecycle/promote-by-hand.ts'
import { rollbackByHand } from '../../src/lifecycle/rollback.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage, usual } from './stage.ts'

const DOUBLE = 11
const [APRIL, MAY] = [parseMonth('2020-04'), parseMonth('2020-05')]
const RECOVER = expect.stringMatching(/^restore (that|its) file from a backup, /)

async function fileOf(stage: Stage, version: number): Promise<string> {
  return `${fileURLToPath((await stage.tracking.version('deliveries', version)).source)}/model.onnx`
}

/** Writes another model over the file: `build` gets the graph, and gives the name of what `y` is to be, double [rows]. */
const another = (build: (graph: OnnxGraph) => string) => async (path: string) => {
  const graph = openGraph('another')
  graph.output('y', build(graph), 'double', ['rows'])
  await writeFile(path, graph.toBytes({ metadata: {} }))
}
const kilometres = (graph: OnnxGraph): string => graph.input('distance_km', 'double', ['rows'])

const FAULTS: [string, (path: string) => Promise<unknown>, RegExp][] = [
  ['cut short', async (path) => truncate(path, (await readFile(path)).length / 2), /cannot be loaded/],
  ['a byte short', async (path) => truncate(path, (await readFile(path)).length - 1), /cannot be loaded/],
  ['emptied', (path) => truncate(path, 0), /0 bytes cannot be loaded/],
  ['a text', (path) => writeFile(path, 'version https://git-lfs.github.com/spec/v1\n'), /cannot be loaded/],
  ['gone', (path) => rm(path), /is not there any more/],
  ['gone with its folder', (path) => rm(dirname(path), { recursive: true }), /is not there any more/],
  ['a folder', (path) => rm(path).then(() => mkdir(path)), /is not there any more/],
  [
    'of another input',
    another((graph) => graph.input('miles', 'double', ['rows'])),
    /miles.*left_at, distance_km, parcels/,
  ],
  [
    'of whole kilometres',
    another((graph) => graph.node('Cast', [graph.input('distance_km', 'int64', ['rows'])], { to: { int: DOUBLE } })),
    /whole numbers as distance_km/,
  ],
  [
    'of yes and no',
    another((graph) => {
      graph.input('parcels', 'bool', ['rows'])
      return kilometres(graph)
    }),
    /input parcels is bool/,
  ],
  [
    'of an input of three columns',
    another((graph) => graph.input('distance_km', 'double', ['rows', 3])),
    /float64 \[rows, 3\]/,
  ],
  [
    'of a first output that is a label',
    async (path) => {
      const graph = openGraph('another')
      const km = kilometres(graph)
      graph.output('label', graph.node('Cast', [km], { to: { int: 7 } }), 'int64', ['rows'])
      graph.output('y', km, 'double', ['rows'])
      await writeFile(path, graph.toBytes({ metadata: {} }))
    },
    /first output, label, is int64/,
  ],
  [
    'of one answer for all rows',
    another((graph) => graph.node('ReduceSum', [kilometres(graph)], { keepdims: { int: 1 } })),
    /answered \d+ rows with y of shape \[1\]/,
  ],
]

const ONE_ANSWER = 'of one answer for all rows'

describe('what is asked of a version by hand', () => {
  let stage: Stage
  let whole: Buffer
  beforeAll(async () => {
    stage = await openStage(deliveries({ '2020-04': { pace: 3.6 } }))
    await stage.month(APRIL) // v2 replaces v1
    whole = await readFile(await fileOf(stage, 1))
  })
  afterAll(() => stage[Symbol.asyncDispose]())

  test.each(FAULTS)('is refused where its file is %s, and nothing moves', async (name, damage, detail) => {
    const before = [await stage.cast(), await stage.tracking.history('deliveries'), stage.trainings.count]
    const file = await fileOf(stage, 1)
    await damage(file)
    const why = expect.stringMatching(detail)
    const choice = { version: 1 } as const
    const window = { fromMs: Date.UTC(2020, 3), toMs: Date.UTC(2020, 4) }
    const evaluated = evaluateVersion(stage, { ...usual(stage.project), choice, window }, {})
    const what = 'v1 of deliveries cannot score 2020-04'
    await expect(evaluated).rejects.toMatchObject({ code: 'BAD_DATA', what, why, next: RECOVER })
    await expect(evaluated).rejects.toThrow(file)
    // To one row it answers once: only many rows find that out.
    if (name !== ONE_ANSWER) {
      const what = 'v1 of deliveries cannot be used'
      const unusable = { code: 'BAD_DATA', what, why, next: RECOVER, facts: { version: 1, file } }
      const by = { model: 'deliveries', actor: 'tester', reason: 'to see' }
      const predicted = predictOne(stage, { model: 'deliveries', choice, texts: {} }, () => undefined)
      await expect(predicted).rejects.toMatchObject(unusable)
      await expect(promoteByHand(stage, { ...by, version: 1 })).rejects.toMatchObject(unusable)
      await expect(rollbackByHand(stage, { ...by, to: 1 })).rejects.toMatchObject(unusable)
      await expect(stage.month(MAY, { challenger: 1 })).rejects.toMatchObject(unusable)
    }
    expect([await stage.cast(), await stage.tracking.history('deliveries'), stage.trainings.count]).toEqual(before)
    await rm(file, { recursive: true, force: true })
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, whole)
    expect(
      (await predictOne(stage, { model: 'deliveries', choice, texts: {} }, () => undefined)).value,
    ).toBeGreaterThan(0)
  })
})

const ASKED = ['cut short', 'gone with its folder', 'of another input', ONE_ANSWER]

describe('a champion', () => {
  test.each(FAULTS.filter(([name]) => ASKED.includes(name)))(
    'whose file is %s: a person is asked, with the file',
    async (_, damage, detail) => {
      await using stage = await openStage(deliveries())
      await stage.month(APRIL, { rule: 'significant' })
      const file = await fileOf(stage, 1)
      await damage(file)
      const { cycle } = await stage.month(MAY)
      expect(cycle).toMatchObject({
        verdict: 'escalate',
        case: 'champion-cannot-score',
        champion: { version: 1, error: null },
      })
      expect(cycle?.reason).toContain(file)
      expect(cycle?.reason).toMatch(detail)
      expect(await stage.cast()).toBe('v1 Production, v2 Archived, v3 Staging')
    },
  )

  test('that answers NaN to some rows is told how many, and predicts none of those', async () => {
    await using stage = await openStage(deliveries())
    await stage.month(APRIL, { rule: 'significant' })
    const file = await fileOf(stage, 1)
    // The root of how far a parcel goes beyond five kilometres; the example goes 4.2.
    const beyond = (graph: OnnxGraph): string =>
      graph.node('Sub', [kilometres(graph), graph.constant([5], 'double', [])])
    await another((graph) => graph.node('Sqrt', [beyond(graph)]))(file)
    const asked = { model: 'deliveries', choice: { version: 1 }, texts: {} }
    await expect(predictOne(stage, asked, () => undefined)).rejects.toMatchObject({
      code: 'BAD_DATA',
      why: `its file ${file} answers NaN to these values`,
      next: RECOVER,
    })
    const far = await predictOne(stage, { ...asked, texts: { distance_km: '9' } }, () => undefined)
    expect(far.value).toBe(2)
    const { cycle } = await stage.month(MAY)
    expect(cycle).toMatchObject({ verdict: 'escalate', case: 'champion-cannot-score' })
    expect(cycle?.reason).toMatch(/it gave no finite number for \d+ of 119 parcels/)
  })

  test('that a network should start from, and whose file is a stranger, is succeeded from a cold start', async () => {
    await using stage = await openStage(deliveries())
    await stage.month(APRIL, { trainers: ['mlp'], trainWindow: null })
    const production = (await stage.tracking.versions('deliveries')).find((version) => version.stage === 'Production')
    await another(kilometres)(await fileOf(stage, production?.version ?? 0))
    const { cycle } = await stage.month(MAY, { trainers: ['mlp'], trainWindow: null })
    const challenger = await stage.tracking.version('deliveries', cycle?.challenger?.version ?? 0)
    expect(challenger.tags).not.toHaveProperty('understudy.warm_start_of')
    expect(cycle?.challenger?.error).toBeGreaterThan(0)
  })
})
