// Requests that nobody would send: by schemathesis from the interface's own description, and by a generator of ours from nothing at all.
import { execFile } from 'node:child_process'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import * as fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { openProgram, type Program } from '../end-to-end/program.ts'
import { oddRequests, RUN } from './odd-requests.ts'
import { executable, IS_FULL, pythonFor } from './python-env.ts'
import { type Server, startUnderstudy } from './servers.ts'

/** How long schemathesis goes on, and how long any answer may take on a busy machine. */
const FUZZ_SECONDS = IS_FULL ? 120 : 20
const ANSWER_MS = 10_000
/** Another one looks elsewhere; a failure names the one it had. */
const SEED = Number(process.env.UNDERSTUDY_TEST_SEED ?? 20_261_122)

let program: Program
let server: Server
beforeAll(async () => {
  program = await openProgram()
  server = await startUnderstudy(program.home)
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
  await program?.[Symbol.asyncDispose]()
})

/** The server is up, and has told of no failure of its own. */
async function expectUnharmed(): Promise<void> {
  expect(await (await fetch(`${server.address}/health`)).text()).toBe('OK')
  expect(server.said().replace(/^(?:serving on| {2}press) .*\n/gm, '')).toBe('')
}

test(`schemathesis finds no failure of the server in ${FUZZ_SECONDS} seconds`, {
  timeout: 400_000,
}, async (context) => {
  pythonFor(context, 'schemathesis')
  const args = [
    'run',
    `${server.address}/openapi.json`,
    '--checks',
    'not_a_server_error',
    '--phases',
    'coverage,fuzzing',
    '--warnings',
    'off',
  ]
  const limits = ['--max-examples', '25', '--max-time', String(FUZZ_SECONDS), '--seed', String(SEED), '--no-color']
  const { stdout } = await promisify(execFile)(executable('schemathesis', 'schemathesis'), [...args, ...limits], {
    cwd: program.home,
    maxBuffer: 1 << 26,
  })
  expect(stdout).toContain('No issues found')
  expect(Number(/(\d+) generated/.exec(stdout)?.[1])).toBeGreaterThan(100)
  await expectUnharmed()
})

/** Headers that may promise a body of another length than the one that comes. */
const ODD = ['Content-Length', 'Transfer-Encoding', 'Expect', 'Connection']

test('whatever is sent is answered in time, and never as a failure of the server', { timeout: 600_000 }, async () => {
  const run = await newRun()
  const check = fc.asyncProperty(oddRequests, async ({ method, target, headers, body }) => {
    const bytes = Buffer.from(body.replaceAll(RUN, run))
    const length = 'Transfer-Encoding' in headers ? {} : { 'Content-Length': bytes.length }
    const lines = Object.entries({ Host: 'localhost', Connection: 'close', ...length, ...headers })
    const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
    const head = Buffer.from(`${method} ${target.replaceAll(RUN, run)} HTTP/1.1\r\n${text}\r\n`)
    const status = await answered(
      Buffer.concat([head, bytes]),
      ODD.every((name) => !(name in headers)),
    )
    expect(status).toBeLessThan(500)
  })
  await fc.assert(check, { seed: SEED, numRuns: IS_FULL ? 30_000 : 1500 })
  await expectUnharmed()
})

/** A run with a metric, and a model with a version, so that some of what is sent finds something. */
async function newRun(): Promise<string> {
  const post = async (path: string, body: object): Promise<unknown> => {
    const init = { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }
    return await (await fetch(`${server.address}/api/2.0/mlflow/${path}`, init)).json()
  }
  const { run } = Created.parse(await post('runs/create', { experiment_id: '0' }))
  const { run_id: id } = run.info
  await post('runs/log-metric', { run_id: id, key: 'a', value: 1, timestamp: 1 })
  await post('registered-models/create', { name: 'model' })
  await post('model-versions/create', { name: 'model', source: `runs:/${id}/model`, run_id: id })
  return id
}

const Created = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) })

test('bytes that are no request harm nothing', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
      expect(await answered(Buffer.concat([bytes, Buffer.from('\r\n\r\n')]), false)).toBeLessThan(500)
    }),
    { seed: SEED, numRuns: 200 },
  )
  await expectUnharmed()
})

/**
 * The status of what is answered to bytes. A request may promise more than comes: where nothing is answered for a moment the line is
 * closed from this side, which counts as 408.
 */
function answered(bytes: Buffer, isWhole: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes))
    const closing = isWhole ? undefined : setTimeout(() => socket.end(), 100)
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no answer in ${ANSWER_MS} ms to ${bytes.subarray(0, 300).toString()}`))
    }, ANSWER_MS)
    socket.setEncoding('latin1').on('data', (part: string) => {
      text += part
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      clearTimeout(timer)
      clearTimeout(closing)
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3}) /gm)].map(([, status]) => Number(status))
      resolve(statuses.find((status) => status >= 200) ?? 408)
    })
  })
}
