// What tests of the server share: an application over an empty store in a folder of its own, asked in this process, without a socket.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import type { ArtifactStore } from '../artifacts/port.ts'
import type { Database } from '../database/port.ts'
import { openAddresses } from '../mlflow/addresses.ts'
import { type MlflowStore, openMlflowStore } from '../mlflow/store.ts'
import { openStore } from '../tracking/open-store.ts'
import type { TrackingSchema } from '../tracking/schema.ts'
import { type TestClock, testClock } from '../tracking/tracking-bed.ts'
import { openApp } from './app.ts'

export interface Answer {
  readonly status: number
  /** The answer's JSON, or its text where it is none. */
  readonly body: unknown
}

export interface ServerBed extends AsyncDisposable {
  readonly folder: string
  readonly databasePath: string
  readonly database: Database<TrackingSchema>
  readonly artifacts: ArtifactStore
  readonly store: MlflowStore
  readonly app: Hono
  readonly clock: TestClock
  /** What the application reported: outages and bugs. */
  readonly reported: unknown[]
  /** Asks for a path below `/api/2.0/mlflow/`. A body goes as JSON. */
  ask(method: string, path: string, body?: unknown): Promise<Answer>
}

interface BedOptions {
  /** Makes the store of artifacts in a folder. */
  readonly artifactsIn: (folder: string) => ArtifactStore
  /** Whether new experiments lie in that folder by its own address, not by one that goes through the server. */
  readonly rootIsFolder?: boolean
}

export async function openServerBed({ artifactsIn, rootIsFolder = false }: BedOptions): Promise<ServerBed> {
  const folder = await mkdtemp(join(tmpdir(), 'understudy-server-'))
  const databasePath = join(folder, 'mlflow.db')
  const artifacts = artifactsIn(join(folder, 'artifacts'))
  const clock = testClock()
  const addresses = rootIsFolder
    ? openAddresses(artifacts, artifacts.uri(''), { rootArtifacts: artifacts, openFolder: artifactsIn })
    : openAddresses(artifacts, null, { openFolder: artifactsIn })
  const beginning = { nowMs: clock.nowMs(), defaultLocation: addresses.experimentLocation('0') }
  const database = await openStore(databasePath, beginning)
  const store = openMlflowStore({ database, artifacts, addresses, clock })
  const reported: unknown[] = []
  const app = openApp({ store, report: (error) => reported.push(error) })
  return {
    ...{ folder, databasePath, database, artifacts, store, app, clock, reported },
    async ask(method, path, body) {
      const init = body === undefined ? { method } : { method, ...jsonRequest(body) }
      const response = await app.request(`/api/2.0/mlflow/${path}`, init)
      return { status: response.status, body: bodyOf(await response.text()) }
    },
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function jsonRequest(body: unknown): { headers: Record<string, string>; body: string } {
  const text = JSON.stringify(body)
  const length = String(Buffer.byteLength(text)) // over a socket it would be there, and the server goes by it
  return { headers: { 'content-type': 'application/json', 'content-length': length }, body: text }
}

function bodyOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
