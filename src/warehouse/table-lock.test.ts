import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { OWN_MARK } from '../kernel/process-mark.ts'
import { withLock } from './table-lock.ts'

let scratch = ''
let used = 0
const freshPath = (): string => join(scratch, `table-${used++}.lock`)

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'understudy-lock-'))
})
afterAll(() => rm(scratch, { recursive: true, force: true }))

test('only one at a time holds it, and all get their turn', async () => {
  const path = freshPath()
  let inside = 0
  const turns: number[] = []
  await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      withLock(path, {}, async () => {
        expect(++inside).toBe(1)
        await sleep(1)
        inside--
        turns.push(i)
      }),
    ),
  )
  expect(turns.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(existsSync(path)).toBe(false)
})

test('it is let go when the work fails', async () => {
  const path = freshPath()
  await expect(withLock(path, {}, () => Promise.reject(new Error('no luck')))).rejects.toThrow('no luck')
  expect(await withLock(path, {}, async () => 'next')).toBe('next')
})

test('a holder that does not let go is named', async () => {
  const path = freshPath()
  await withLock(path, {}, async () => {
    const waiting = withLock(path, { waitMs: 30 }, async () => 'never')
    await expect(waiting).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining(`process ${process.pid}`),
    })
  })
})

test('waiting can be cancelled', async () => {
  const path = freshPath()
  await withLock(path, {}, async () => {
    const waiting = withLock(path, { signal: AbortSignal.timeout(20) }, async () => 'never')
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

test('the lock of a process that is gone is broken, by one of those who wait', async () => {
  const path = freshPath()
  const gone = execFileSync(process.execPath, ['--print', 'process.pid'], { encoding: 'utf8' }).trim()
  writeFileSync(path, `${gone}-12345 0123`)
  const turns = await Promise.all(Array.from({ length: 5 }, (_, i) => withLock(path, { waitMs: 2000 }, async () => i)))
  expect(turns).toEqual([0, 1, 2, 3, 4])
  expect(readdirSync(scratch).filter((name) => name.includes('breaking'))).toEqual([])
})

test.runIf(existsSync('/proc/self/stat'))(
  'a process that was given the number of one that is gone is told apart',
  async () => {
    const path = freshPath()
    writeFileSync(path, `${process.pid}-1 0123`)
    expect(await withLock(path, { waitMs: 500 }, async () => readFileSync(path, 'utf8'))).toContain(OWN_MARK)
  },
)

test('a lock older than any work under it is broken, whoever holds it; one just being made is not', async () => {
  const [old, fresh] = [freshPath(), freshPath()]
  writeFileSync(old, `${OWN_MARK} 0123`)
  utimesSync(old, Date.now() / 1000 - 301, Date.now() / 1000 - 301)
  expect(await withLock(old, { waitMs: 500 }, async () => 'mine')).toBe('mine')
  writeFileSync(fresh, '')
  await expect(withLock(fresh, { waitMs: 30 }, async () => 'mine')).rejects.toMatchObject({ code: 'CONFLICT' })
})

test('who lost the lock is told before committing, and leaves the new holder its own', async () => {
  const path = freshPath()
  const losing = withLock(path, {}, async (stillHeld) => {
    stillHeld()
    writeFileSync(path, '1-1 of another')
    stillHeld()
  })
  await expect(losing).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(readFileSync(path, 'utf8')).toBe('1-1 of another')
})
