// One of many processes that read and write one tracking store until their time is up. Argument, as JSON: see below. Writes to standard
// output what it did, as JSON; what goes wrong goes to standard error and is its end.
import { join } from 'node:path'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { seededRandom } from '../../src/kernel/random.ts'
import { openEmbeddedTracking } from '../../src/tracking/embedded.ts'

const { home, me, untilMs, model }: { home: string; me: number; untilMs: number; model: string } = JSON.parse(
  process.argv[2] ?? '{}',
)

/** What one process did. Every count is of operations that were answered. */
export interface Did {
  readonly operations: Readonly<Record<string, number>>
  readonly longest: { readonly name: string; readonly ms: number }
  readonly ownRuns: number
  readonly params: number
  readonly ownPoints: number
  readonly sharedPoints: number
  readonly files: number
  readonly versions: number
}

const random = seededRandom(me, 16)
const did = { ownRuns: 0, params: 0, ownPoints: 0, sharedPoints: 0, files: 0, versions: 0 }
const operations: Record<string, number> = {}
let longest = { name: '', ms: 0 }

async function timed<T>(name: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  const result = await work()
  const ms = performance.now() - startedAt
  operations[name] = (operations[name] ?? 0) + 1
  if (ms > longest.ms) longest = { name, ms }
  return result
}

function insist(isTrue: boolean, what: string): void {
  if (!isTrue) throw new Error(what)
}

const artifacts = diskArtifacts(join(home, 'artifacts'))
await using tracking = await openEmbeddedTracking({
  databasePath: join(home, 'mlflow.db'),
  artifacts,
  clock: systemClock,
  user: `process ${me}`,
})
const { id: experimentId } = await tracking.experiment('busy')
const shared = await tracking.startRun({ experimentId, name: 'shared' }, 'the shared run')
let own = await newRun()

async function newRun() {
  did.ownRuns++
  const run = await tracking.startRun({ experimentId, name: `own ${me}`, tags: { by: String(me) } })
  await tracking.logArtifact(run.id, 'model/model.onnx', new Uint8Array(1_000).fill(me))
  did.files++
  return run
}

/** Each with how often it is done, of a hundred times. */
const MIX: readonly (readonly [times: number, name: string, work: () => Promise<unknown>])[] = [
  [
    4,
    'experiment',
    async () => insist((await tracking.experiment('busy')).id === experimentId, 'two experiments of a name'),
  ],
  [
    3,
    'startRun',
    async () => {
      await tracking.endRun(own.id, 'FINISHED')
      own = await newRun()
    },
  ],
  [14, 'logParams', async () => tracking.logParams(own.id, { [`p${did.params++}`]: String(me) })],
  [
    14,
    'logMetrics',
    async () =>
      tracking.logMetrics(own.id, [{ key: 'loss', value: did.ownPoints, step: did.ownPoints++, timestampMs: me }]),
  ],
  [
    14,
    'logMetrics of all',
    async () => {
      const step = random.below(500)
      await tracking.logMetrics(shared.id, [{ key: 'mae', value: me, step, timestampMs: did.sharedPoints++ * 16 + me }])
    },
  ],
  [
    8,
    'setTags',
    async () => {
      await tracking.setTags(shared.id, { last: String(me) })
      await tracking.setTags(own.id, { last: String(did.params) })
      insist((await tracking.run(own.id)).tags.last === String(did.params), 'a tag was lost')
    },
  ],
  [
    6,
    'logArtifact',
    async () => {
      const bytes = new Uint8Array(2_000).fill(me)
      await tracking.logArtifact(own.id, `files/${did.files++}.bin`, bytes)
      await tracking.logArtifact(shared.id, 'everybody.bin', bytes)
      const read = await tracking.readArtifact(shared.id, 'everybody.bin')
      insist(read.byteLength === 2_000 && new Set(read).size === 1, 'two writers of one file were mixed')
    },
  ],
  [
    2,
    'registerVersion',
    async () => {
      const key = `${me}/${did.versions++}`
      const first = await tracking.registerVersion({ name: model, runId: own.id, path: 'model' }, key)
      const second = await tracking.registerVersion({ name: model, runId: own.id, path: 'model' }, key)
      insist(first.version === second.version, 'one effect happened twice')
    },
  ],
  [
    4,
    'move',
    async () => {
      const [newest] = await tracking.versions(model)
      const to = random.uniform() < 0.5 ? 'Production' : 'Staging'
      const cause = { actor: `process ${me}`, reason: 'to see it move', evidence: null }
      if (newest !== undefined) await tracking.move(model, [{ version: newest.version, to, cause }])
    },
  ],
  [
    12,
    'versions',
    async () => {
      const versions = await tracking.versions(model)
      for (const stage of ['Production', 'Staging']) {
        insist(versions.filter((version) => version.stage === stage).length < 2, `two versions in ${stage}`)
      }
    },
  ],
  [
    6,
    'history',
    async () => {
      const ids = (await tracking.history(model)).map(({ id }) => id)
      insist(
        ids.every((id, index) => id === index + 1),
        'the history has a gap',
      )
    },
  ],
  [
    5,
    'findRuns',
    async () => {
      const runs = await tracking.findRuns(experimentId, { by: String(me) })
      insist(runs.length === did.ownRuns, `${runs.length} of ${did.ownRuns} runs were found`)
    },
  ],
  [7, 'run', async () => insist((await tracking.run(shared.id)).status === 'RUNNING', 'the shared run has ended')],
  [1, 'verifyHistory', async () => insist((await tracking.verifyHistory()).kind === 'whole', 'a seal is broken')],
]

while (Date.now() < untilMs) {
  let left = random.below(MIX.reduce((sum, [times]) => sum + times, 0))
  const chosen = MIX.find(([times]) => {
    left -= times
    return left < 0
  })
  if (chosen !== undefined) await timed(chosen[1], chosen[2])
}
await tracking.endRun(own.id, 'FINISHED')
console.log(JSON.stringify({ ...did, operations, longest } satisfies Did))
