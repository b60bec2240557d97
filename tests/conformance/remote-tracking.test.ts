// Tracking on servers keeps the laws of tracking: on our own, and on the real one.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { trackingContract } from '../../src/tracking/tracking.contract.ts'
import { startOwn } from './own-server.ts'
import { IS_FULL, pythonFor, whyMissing } from './python-env.ts'
import { emptyDatabase, remoteBed } from './remote-bed.ts'
import { type Server, startMlflow } from './servers.ts'

const EXCUSED = {
  'of runs that were started in one millisecond the last one is the newest':
    'MLflow keeps milliseconds, and the ids of its runs are drawn by lot',
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'understudy-remote-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('our own server', () => {
  const servers: AsyncDisposable[] = []
  afterAll(async () => {
    for (const server of servers) await server[Symbol.asyncDispose]()
  })
  trackingContract(
    'tracking on our own server',
    async () => {
      const server = await startOwn(join(folder, `own-${servers.length}`))
      servers.push(server)
      return remoteBed(server.address)
    },
    { excused: EXCUSED, share: IS_FULL ? 1 : 0.25 },
  )
})

describe('the real server', () => {
  const name = 'mlflow-3.17.2'
  let server: Server | null = null
  beforeAll(async () => {
    if (whyMissing(name) === null) server = await startMlflow(pythonFor({ skip: failed }, name), folder)
  }, 130_000)
  afterAll(() => server?.[Symbol.asyncDispose]())
  beforeEach((context) => {
    pythonFor(context, name)
  })
  trackingContract(
    'tracking on the real server',
    async () => {
      emptyDatabase(join(folder, 'mlflow.db'))
      return remoteBed(server?.address ?? '')
    },
    { excused: EXCUSED, share: IS_FULL ? 1 : 0.1 },
  )
})

function failed(note?: string): never {
  throw new Error(note)
}
