import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { currentOwner, isGone } from './owner.ts'

test('this process lives, and is told apart from an earlier one with its number', () => {
  const owner = currentOwner()
  expect(isGone(owner)).toBe(false)
  if (owner.started !== null) expect(isGone({ ...owner, started: '1' })).toBe(true)
})

test('a child process is gone as soon as it was killed, before its parent has asked for its end', async () => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
  await once(child, 'spawn')
  const owner = { ...currentOwner(), pid: child.pid ?? 0, started: null }
  expect(isGone(owner)).toBe(false)
  child.kill('SIGKILL')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100) // it dies meanwhile, and Node cannot yet notice
  if (process.platform === 'linux') expect(isGone(owner)).toBe(true)
  await once(child, 'exit')
  expect(isGone(owner)).toBe(true)
})

test('of a process on another machine nothing can be said', () => {
  expect(isGone({ machine: 'another-host', pid: 1, started: null })).toBe(false)
})

test('the first process of the machine lives, though it is not ours', () => {
  expect(isGone({ ...currentOwner(), pid: 1, started: null })).toBe(false)
})
