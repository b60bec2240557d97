// The home that a server works in, and one whose database it serves from elsewhere.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openProgram, type Program } from './program.ts'
import { run, SECONDS, shelf } from './shelf.ts'

/** A server of a program on a free port, until disposed of. */
async function served(program: Program, args: readonly string[] = []) {
  const { child, ended } = program.start(['server', '--port', '0', ...args])
  const { promise, resolve } = Promise.withResolvers<string>()
  child.stdout?.on('data', (text: string) => {
    const [, address] = /serving on (\S+)\n/.exec(text) ?? []
    if (address !== undefined) resolve(address)
  })
  const address = await Promise.race([promise, ended.then(({ err }) => Promise.reject(new Error(err)))])
  return {
    address,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

async function createExperiment(address: string, name: string): Promise<number> {
  const body = JSON.stringify({ name })
  const headers = { 'content-type': 'application/json' }
  return (await fetch(`${address}/api/2.0/mlflow/experiments/create`, { method: 'POST', headers, body })).status
}

test('a home that only a server has used is backed up, and restored to where it was', {
  timeout: 60 * SECONDS,
}, async () => {
  await using program = await openProgram()
  const copy = join(await shelf(), 'copy')
  const nothing = await run(program, ['backup', copy])
  expect([nothing.code, nothing.err]).toEqual([3, expect.stringContaining('there is nothing to back up')])
  {
    await using server = await served(program)
    expect(await createExperiment(server.address, 'kept')).toBe(200)
  }
  expect(existsSync(join(program.home, 'flow.db'))).toBe(false)
  const backup = await run(program, ['backup', copy])
  expect(backup.code, backup.err).toBe(0)
  {
    await using server = await served(program)
    expect(await createExperiment(server.address, 'later')).toBe(200)
  }
  const restored = await run(program, ['restore', copy, '--replace'])
  expect(restored.code, restored.err).toBe(0)
  await using server = await served(program)
  expect(await createExperiment(server.address, 'kept')).toBe(400) // it is there
  expect(await createExperiment(server.address, 'later')).toBe(200) // it came after the copy
})

test('a home whose database a server of another home serves is neither restored nor emptied meanwhile', {
  timeout: 60 * SECONDS,
}, async () => {
  await using owner = await openProgram()
  await using other = await openProgram()
  const copy = join(await shelf(), 'copy')
  {
    await using server = await served(owner)
    expect(await createExperiment(server.address, 'kept')).toBe(200)
  }
  expect((await run(owner, ['backup', copy])).code).toBe(0)
  const replacing = [
    ['restore', copy, '--replace'],
    ['reset', '--everything', '--yes'],
  ]
  for (const args of replacing) {
    {
      await using server = await served(other, ['--backend-store-uri', `sqlite:///${join(owner.home, 'mlflow.db')}`])
      const { code, err } = await run(owner, args)
      expect(code, err).toBe(4)
      expect(err).toMatch(/process \d+ works in/)
      expect(await createExperiment(server.address, `beside ${args[0]}`)).toBe(200)
    }
    const { code, err } = await run(owner, args)
    expect(code, err).toBe(0)
  }
})
