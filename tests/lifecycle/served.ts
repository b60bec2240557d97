// A registry with small models for tests of serving: version n answers n times the kilometres.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { diskArtifacts } from '../../src/artifacts/disk.ts'
import { type OnnxGraph, openGraph } from '../../src/features/onnx-graph.ts'
import { systemClock } from '../../src/kernel/clock.ts'
import { openServing, type Serving } from '../../src/lifecycle/serve-version.ts'
import { openEmbeddedTracking } from '../../src/tracking/embedded.ts'
import type { Stage, Tracking } from '../../src/tracking/port.ts'
import { project } from '../deliveries/project.ts'

export interface Served extends AsyncDisposable {
  readonly folder: string
  readonly serving: Serving
  /** Another program on the same store. */
  readonly others: Tracking
  /** What was reported, oldest first. */
  readonly reports: string[]
  /** Registers the next version; without `build`, one that answers its number times the kilometres. */
  register(build?: (graph: OnnxGraph) => string): Promise<number>
  move(version: number, to: Stage): Promise<void>
  /** Overwrites a version's file. */
  damage(version: number, bytes: Uint8Array): Promise<void>
}

const MODEL = project.name
/** Values of a request that are nothing unusual. */
export const FIELDS = { left_at: '2020-03-02 14:00:00', distance_km: '4', parcels: '12' }

export async function openServed({ tracking = (own: Tracking) => own } = {}): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'understudy-served-'))
  const open = () =>
    openEmbeddedTracking({
      databasePath: join(folder, 'mlflow.db'),
      artifacts: diskArtifacts(join(folder, 'artifacts')),
      clock: systemClock,
      user: 'tester',
    })
  const others = await open()
  const own = await open()
  const reports: string[] = []
  const serving = openServing({
    tracking: tracking(own),
    project,
    model: MODEL,
    timeReading: 'utc',
    report: (error, where) => reports.push(`${where}: ${String(error)}`),
  })
  const register = async (build?: (graph: OnnxGraph) => string): Promise<number> => {
    const number = (await others.versions(MODEL)).length + 1
    const { id: experimentId } = await others.experiment('serving')
    const run = await others.startRun({ experimentId, name: 'made by hand' })
    const times = (graph: OnnxGraph) =>
      graph.node('Mul', [graph.input('distance_km', 'double', ['rows']), graph.constant([number], 'double', [1])])
    await others.logArtifact(run.id, 'model/model.onnx', modelOf(build ?? times))
    return (await others.registerVersion({ name: MODEL, runId: run.id, path: 'model' })).version
  }
  return {
    folder,
    serving,
    others,
    reports,
    register,
    async move(version, to) {
      await others.move(MODEL, [{ version, to, cause: { actor: 'anna', reason: 'a test', evidence: null } }])
    },
    async damage(version, bytes) {
      await writeFile(`${fileURLToPath((await others.version(MODEL, version)).source)}/model.onnx`, bytes)
    },
    async [Symbol.asyncDispose]() {
      await serving[Symbol.asyncDispose]()
      await own[Symbol.asyncDispose]()
      await others[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A model file: `build` gets the graph, and gives the name of what the prediction is to be, double [rows]. */
export function modelOf(build: (graph: OnnxGraph) => string): Uint8Array {
  const graph = openGraph('by hand')
  graph.output('minutes', build(graph), 'double', ['rows'])
  return graph.toBytes({ metadata: {} })
}
