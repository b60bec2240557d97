import { expect, test } from 'vitest'
import { openKernelTeam } from './kernel-team.ts'

test.for([1, 2, 3])('%i threads run together over one memory, and wait for one another', async (threads) => {
  const team = await openKernelTeam('mlp', { threads, bytes: 4_096 })
  if (team === null) throw new Error('this machine runs no kernels')
  expect([team.threads, team.variant]).toEqual([threads, 'relaxed'])
  const [gate, sums] = [team.allocate(8), team.allocate(64)]
  for (let call = 0; call < 20; call++) team.run('addUp', gate, sums, 5)
  expect(Math.max(...new Int32Array(team.memory.buffer, sums, threads))).toBeGreaterThanOrEqual(100)
  expect(() => team.allocate(100_000)).toThrow('do not fit')
  await team.close()
})

test('a team that cannot be is told of in words, and is not there', async () => {
  const said: string[] = []
  const onNotice = (text: string): void => void said.push(text)
  expect(await openKernelTeam('mlp', { threads: 1, bytes: 4_096, onNotice, variants: [] })).toBe(null)
  expect(await openKernelTeam('mlp', { threads: 1, bytes: 2 ** 33, onNotice })).toBe(null)
  expect(said).toEqual([
    'this machine has no WebAssembly SIMD: computing in TypeScript, several times slower',
    expect.stringMatching(
      /^the fast kernels get no 8193 MiB of memory .*: computing in TypeScript, several times slower$/,
    ),
  ])
})
