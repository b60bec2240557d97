// What a training leaves for a person to open: charts and a card, in its run, told by `models show`, served with their types.
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { monthWindow } from '../../src/kernel/window.ts'
import type { CycleOutcome } from '../../src/lifecycle/outcome.ts'
import { reportTraining } from '../../src/lifecycle/training-report.ts'
import { KIND_TAG } from '../../src/tracking/own-runs.ts'
import { startUnderstudy } from '../conformance/servers.ts'
import { deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from '../lifecycle/stage.ts'
import { answer } from '../lifecycle/waiting.ts'
import { openProgram } from './program.ts'

vi.setConfig({ testTimeout: 60_000 })

const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }

const project = {
  ...deliveries({ '2020-05': { pace: 3.7 } }),
  slices: () => [
    {
      name: 'distance',
      label: 'distance',
      unit: 'km',
      of: { op: 'column', name: 'distance_km' } as const,
      bands: { cuts: [1, 3, 6] },
    },
    {
      name: 'minutes',
      label: 'actual time',
      unit: 'min',
      of: { op: 'column', name: 'minutes' } as const,
      bands: { cuts: [15, 25] },
    },
  ],
}

let stage: Stage
let judged: CycleOutcome | null
beforeAll(async () => {
  stage = await openStage(project)
  await stage.month('2020-04', { trainers: ['linear', 'trees'], trainerSettings: { trees: 20 } })
  judged = (await stage.month('2020-05', { refit: true })).cycle
}, 60_000)
afterAll(() => stage[Symbol.asyncDispose]())

async function filesOf(runId: string): Promise<string[]> {
  const files = await stage.tracking.listArtifacts(runId)
  return files.map(({ path }) => path).filter((path) => path.startsWith('report/'))
}

async function cardOf(runId: string): Promise<string> {
  return await readCard(stage, runId)
}

async function readCard({ tracking }: Stage, runId: string): Promise<string> {
  return Buffer.from(await tracking.readArtifact(runId, 'report/model_card.md')).toString()
}

/** A version and its run. */
async function versionWhere(has: (tags: Readonly<Record<string, string>>) => boolean) {
  const found = (await stage.tracking.versions('deliveries')).find(({ tags }) => has(tags))
  if (found?.runId == null) throw new Error('there is no such version')
  return { ...found, runId: found.runId }
}

test('a challenger has every chart, and a card whose figures are those that the gate saw', async () => {
  const version = await versionWhere(
    ({ 'understudy.refit_of': refit, 'understudy.trained_to': to }) => refit === undefined && (to ?? '') > '2020-05',
  )
  expect(await filesOf(version.runId)).toEqual([
    'report/error_by_distance.svg',
    'report/error_by_minutes.svg',
    'report/importance.svg',
    'report/model_card.md',
    'report/predicted_against_actual.svg',
  ])
  const card = await cardOf(version.runId)
  const run = await stage.tracking.run(version.runId)
  expect(card).toContain(`**Mean absolute error ${run.metrics.holdout_mae?.toFixed(3)} min (95 % interval `)
  const { champion = null, difference = null } = judged ?? {}
  expect(champion?.version).toBe(1)
  expect(card).toContain(
    `v1, which it is up against, has ${champion?.error?.toFixed(3)} min on the same parcels; the difference is −${difference?.mean.toFixed(3).replace('-', '')} min`,
  )
  expect(card).toContain('This is a selection figure')
  expect(card).toContain(`./understudy reproduce ${version.runId}`)
  for (const [, file] of card.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g))
    expect(await filesOf(version.runId)).toContain(`report/${file}`)
  expect(card).not.toMatch(/undefined|NaN|null|\[object/)
})

test('a card says of a first look what is known, and of a further one how many there were, at the level of the verdict', async () => {
  const first = await versionWhere(({ 'understudy.verdict': verdict }) => verdict?.startsWith('first model') === true)
  const known = 'Nothing of this training saw these parcels'
  expect(await cardOf(first.runId)).toMatch(new RegExp(`^${known}: .* is not recorded\\.$`, 'm'))
  expect(await cardOf(first.runId)).not.toContain('further look')

  await using own = await openStage(deliveries({ '2020-04': { pace: 3.7 } }))
  await own.month('2020-04')
  const { cycle } = await own.month('2020-04', { again: true, seed: 1 })
  expect(cycle).toMatchObject({ looks: 2, level: 0.975 })
  const { runId } = await own.tracking.version('deliveries', cycle?.challenger?.version ?? 0)
  const card = await readCard(own, runId ?? '')
  expect(card).toContain('This is a further look: 2 looks were taken at these parcels')
  expect(card).toMatch(/^\*\*Mean absolute error [\d.]+ min \(97\.5 % interval /m)
  const { low = 0, high = 0 } = cycle?.difference ?? {}
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`
  expect(card).toContain(`(97.5 % interval ${signed(low)} to ${signed(high)}, below zero is better)`)
})

test('a first model that a person had trained anew is a further look too', async () => {
  await using own = await openStage(deliveries())
  const { first } = await own.month('2020-04', { acceptFirst: false })
  expect(first).toMatchObject({ verdict: 'escalate' })
  await answer(own, 'retrain', { set: { ridge: '0.001' } })
  const { runId } = await own.tracking.version('deliveries', 2)
  const card = await readCard(own, runId ?? '')
  expect(card).toContain('This is a further look: 2 looks were taken at these parcels, as another model was judged')
  expect(card).toContain('(95 % interval ')
})

test('bands are counted on the holdout alone, and a view by the actual value says what it is', async () => {
  const { runId } = await versionWhere(
    ({ 'understudy.verdict': verdict }) => verdict?.startsWith('first model') === true,
  )
  const card = await cardOf(runId)
  const section = card.slice(card.indexOf('## Error by distance'), card.indexOf('## Error by actual time'))
  const rows = [...section.matchAll(/^\| [^|]* \| (\d[\d,]*) \|/gm)].map(([, count]) => Number(count))
  const holdout = Number(/on the (\d+) parcels of/.exec(card)?.[1])
  expect(holdout).toBe(36)
  expect(rows.reduce((sum, count) => sum + count, 0)).toBe(holdout)
  expect(section).not.toContain('A view by the actual value')
  expect(card.slice(card.indexOf('## Error by actual time'))).toContain('A view by the actual value')
})

test('a refit has no figures of its own, and its card says why; a training that lost says that it became no version', async () => {
  const refit = await versionWhere((tags) => 'understudy.refit_of' in tags)
  const judged = refit.tags['understudy.refit_of']
  expect(await filesOf(refit.runId)).toEqual(['report/model_card.md'])
  expect(await cardOf(refit.runId)).toContain(
    `There is no error on a holdout: it learnt all of the window, the rows included that v${judged} was judged on`,
  )

  const experiment = await stage.tracking.experiment('deliveries_experiment')
  const versions = await stage.tracking.versions('deliveries')
  const runs = await stage.tracking.findRuns(experiment.id, { [KIND_TAG]: 'train' })
  const lost = runs.filter(({ id }) => !versions.some(({ runId }) => runId === id))
  expect(lost.length).toBe(2)
  for (const { id } of lost) expect(await cardOf(id)).toContain('# deliveries, a training that became no version')
})

test('trees tell what each feature was worth, and how they learnt', async () => {
  const experiment = await stage.tracking.experiment('deliveries_experiment')
  const runs = await stage.tracking.findRuns(experiment.id, { [KIND_TAG]: 'train' })
  const trees = runs.find(({ name }) => name.startsWith('train trees'))
  const chart = async (path: string): Promise<string> =>
    Buffer.from(await stage.tracking.readArtifact(trees?.id ?? '', path)).toString()
  expect(await chart('report/importance.svg')).toContain('Share of the total gain')
  expect(await chart('report/importance.svg')).toContain('>distance</text>')
  expect(await chart('report/learning_curve.svg')).toContain('>kept: tree ')
})

test('averaged and rounded trees say so, and of which rows their curve tells', async () => {
  await using own = await openStage(deliveries())
  const settings = { trees: 20, bags: 2, rowShare: 0.7, roundTo: 0.5 }
  await own.month('2020-04', { trainers: ['trees'], trainerSettings: settings })
  const { runId } = await own.tracking.version('deliveries', 1)
  const card = await readCard(own, runId ?? '')
  expect(card).toMatch(
    /\| learning \| 20 trees, kept at number \d+; the average of 2 such models, the others as long \|/,
  )
  expect(card).toContain('Answers are whole multiples of 0.5 min; the ends of intervals are not rounded.')
  const curve = Buffer.from(await own.tracking.readArtifact(runId ?? '', 'report/learning_curve.svg')).toString()
  expect(curve).toContain('So learnt the first of 2 models, whose average is kept; the others went as far.')
  const { fitRows, sampledRows } = JSON.parse(
    Buffer.from(await own.tracking.readArtifact(runId ?? '', 'training.json')).toString(),
  ).result
  expect(sampledRows).toBeUndefined() // few enough to tell of all
  expect(curve).toContain(`the ${fitRows.toLocaleString('en')} parcels learnt`)
})

test('a version that cannot score its holdout has a card that says so', async () => {
  await using own = await openStage(deliveries())
  const tracking = { ...own.tracking, readModelFile: async () => new Uint8Array([1, 2, 3]) }
  await own.month('2020-04')
  const { runId, ...version } = await own.tracking.version('deliveries', 1)
  const written = new Map<string, string>()
  const rooms = {
    ...own,
    tracking: {
      ...tracking,
      logArtifact: async (_: string, path: string, bytes: Uint8Array) =>
        void written.set(path, Buffer.from(bytes).toString()),
    },
  }
  const subject = {
    experiment: 'e',
    model: 'deliveries',
    size: 'small',
    timeReading: 'utc',
    origin: 'simulated',
  } as const
  const holdout = { window: monthWindow('2020-04'), comparedWith: null }
  await reportTraining(
    rooms,
    { subject, holdout },
    { runId: runId ?? '', version: { ...version, runId } },
    new AbortController().signal,
  )
  expect([...written.keys()]).toEqual(['report/model_card.md'])
  expect(written.get('report/model_card.md')).toMatch(
    /^There is no error on a holdout: its file .*model\.onnx does not serve/m,
  )
})

test('models show says where they lie, and a server hands them out with their types', async () => {
  await using program = await openProgram(DELIVERIES)
  expect((await program.run(['train', '--to', '2020-04-01'])).code).toBe(0)
  const { out } = await program.run(['models', 'show', '1'])
  const path = /^ {2}(\/.*model_card\.md), and 3 charts beside it$/m.exec(out)?.[1]
  expect(path, out).toBeDefined()
  expect(await readFile(path ?? '', 'utf8')).toContain('# deliveries v1')
  const { report, run } = await program.json<{ report: string[]; run: { id: string } }>(['models', 'show', '1'])
  expect(report.map((address) => address.split('/').at(-1))).toEqual([
    'error_by_actual.svg',
    'importance.svg',
    'model_card.md',
    'predicted_against_actual.svg',
  ])
  await using server = await startUnderstudy(program.home, { settings: DELIVERIES })
  const fetched = async (file: string): Promise<Response> =>
    await fetch(`${server.address}/get-artifact?run_uuid=${run.id}&path=report/${file}`)
  const chart = await fetched('error_by_actual.svg')
  expect(chart.headers.get('content-type')).toBe('image/svg+xml')
  expect(await chart.text()).toContain('</svg>')
  expect((await fetched('model_card.md')).headers.get('content-type')).toBe('text/plain')
  const page = await (await fetch(`${server.address}/runs/${run.id}`, { headers: { accept: 'text/html' } })).text()
  expect(page.match(/<img /g)).toHaveLength(3)
})
