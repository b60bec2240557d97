// The server as a person starts and stops it.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { openState } from '../fixtures/state.ts'
import { openProgram, type Program, type Started } from './program.ts'

/** Servers that a test which fails leaves behind. */
const running = new Set<ChildProcess>()
afterEach(() => {
  for (const child of running) child.kill('SIGKILL') // nothing happens to one that has ended
  running.clear()
})

/** A server of a program on a free port, once it answers. */
async function startServer(
  program: Program,
  args: readonly string[] = [],
  settings: Readonly<Record<string, string>> = {},
) {
  const started = program.start(
    ['server', ...(settings.MLFLOW_PORT === undefined ? ['--port', '0'] : []), ...args],
    settings,
  )
  running.add(started.child)
  return { ...started, address: await addressOf(started) }
}

async function addressOf({ child, ended }: Started): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  let said = ''
  child.stdout?.on('data', (text: string) => {
    said += text
    const [, address] = /serving on (\S+)\n/.exec(said) ?? []
    if (address !== undefined) resolve(address)
  })
  return await Promise.race([promise, ended.then(({ err }) => Promise.reject(new Error(err)))])
}

const portOf = (address: string): number => Number(new URL(address).port)

test('a server answers, says nothing of it, and ends with 0 when it is asked to', async () => {
  await using program = await openProgram()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const { child, ended, address } = await startServer(program)
    for (let i = 0; i < 20; i++)
      expect((await fetch(`${address}/api/2.0/mlflow/experiments/get?experiment_id=${i}`)).status).toBe(
        i === 0 ? 200 : 404,
      )
    expect(await (await fetch(`${address}/openapi.json`)).json()).toMatchObject({
      paths: { '/predict': expect.anything() },
    })
    child.kill(signal)
    const { code, out, err } = await ended
    expect([code, out]).toEqual([0, `serving on ${address}\n`])
    expect(err).toBe(
      '  press Ctrl-C to stop\n  stopping; what is under way is answered first (once more to end at once)\n',
    )
  }
})

test('a client that hangs keeps no server from ending, and whoever does not want to wait asks twice', async () => {
  await using program = await openProgram()
  for (const twice of [false, true]) {
    const { child, ended, address } = await startServer(program)
    const socket = connect(portOf(address), '127.0.0.1').on('error', () => undefined)
    await once(socket, 'connect')
    socket.write(
      'POST /api/2.0/mlflow/runs/create HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    )
    await sleep(100)
    child.kill('SIGINT')
    await sleep(700)
    if (twice) child.kill('SIGINT')
    const endedAt = performance.now()
    const { code, signal } = await ended
    expect([code, signal]).toEqual(twice ? [null, 'SIGINT'] : [0, null])
    expect(performance.now() - endedAt).toBeLessThan(twice ? 1000 : 8000)
    socket.destroy()
  }
})

test('the home of a server is in use: nothing takes it away meanwhile', async () => {
  await using program = await openState()
  const { child, ended } = await startServer(program)
  const { code, err } = await program.run(['reset', '--everything', '--yes'])
  expect([code, err]).toEqual([4, expect.stringContaining(`process ${child.pid}`)])
  child.kill('SIGTERM')
  await ended
})

test('beyond this machine it listens only where that was allowed, and says what that means', async () => {
  await using program = await openProgram()
  const refused = await program.run(['server', '--host', '0.0.0.0', '--port', '0'])
  expect([refused.code, refused.out]).toEqual([2, ''])
  expect(refused.err).toContain('the server does not listen on 0.0.0.0')
  expect(refused.err).toContain('there are no accounts yet')
  expect(refused.err).toContain('--insecure')
  const { child, ended, address } = await startServer(program, ['--host', '0.0.0.0', '--insecure'])
  expect((await fetch(`http://127.0.0.1:${portOf(address)}/version`)).status).toBe(200)
  child.kill('SIGTERM')
  expect((await ended).err).toContain('may read, change and delete everything')
})

test('what mlflow server reads from the environment it reads too, and options that it has not are told', async () => {
  await using program = await openProgram()
  const file = join(program.home, 'elsewhere.db')
  const settings = {
    MLFLOW_PORT: '0',
    MLFLOW_BACKEND_STORE_URI: `sqlite:///${file}`,
    MLFLOW_SERVER_ALLOWED_HOSTS: 'mlflow.example',
  }
  const { child, ended, address } = await startServer(program, [], settings)
  expect((await fetch(`${address}/version`)).status).toBe(200)
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  const database = new DatabaseSync(file)
  expect(database.prepare('select count(*) as number from experiments').get()).toEqual({ number: 1 })
  database.close()
  const workers = await program.run(['server', '--workers', '4'])
  expect([workers.code, workers.err]).toEqual([2, expect.stringContaining('one process answers all requests')])
  const postgres = await program.run(['server', '--backend-store-uri', 'postgresql://me:secret@db/mlflow'])
  expect([postgres.code, postgres.err]).toEqual([2, expect.stringContaining('PostgreSQL comes with a later version')])
  expect(postgres.err).not.toContain('secret')
})

test('a port that is taken is told, and the home left as it was', async () => {
  await using program = await openProgram()
  const { child, ended, address } = await startServer(program)
  const second = await program.run(['server', '--port', String(portOf(address))])
  expect([second.code, second.err]).toEqual([4, expect.stringContaining('another program listens there')])
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
})

test('a stage that was moved in another program enters the history when the server starts', async () => {
  await using program = await openState()
  const database = new DatabaseSync(join(program.home, 'mlflow.db'))
  const { changes } = database
    .prepare(
      "update model_versions set current_stage = 'Staging' where version = (select min(version) from model_versions)",
    )
    .run()
  database.close()
  expect(changes).toBe(1)
  const { child, ended } = await startServer(program)
  child.kill('SIGTERM')
  expect((await ended).code).toBe(0)
  const after = new DatabaseSync(join(program.home, 'mlflow.db'))
  const last = after.prepare('select to_stage, reason from understudy_transitions order by id desc limit 1').get()
  after.close()
  expect(last).toMatchObject({
    to_stage: 'Staging',
    reason: expect.stringMatching(/^moved outside Understudy, seen at /),
  })
})
