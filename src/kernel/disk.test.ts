import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bytesText, diskFull, fileError, freeBytes, systemCode } from './disk.ts'

/** What Node throws for a file operation that the system refused. */
function refused(code: string, path = '/data/x'): Error {
  return Object.assign(new Error(`${code}: refused, write '${path}'`), { code, errno: -1, syscall: 'write', path })
}

test.each([
  ['ENOSPC', 'UNAVAILABLE', 'the disk is full'],
  ['EDQUOT', 'UNAVAILABLE', 'the disk is full'],
  ['EROFS', 'BAD_INPUT', 'can only be read'],
  ['EACCES', 'BAD_INPUT', 'may not be used by this user'],
  ['ENOTDIR', 'BAD_INPUT', 'cannot be used'],
  ['EIO', 'UNAVAILABLE', 'cannot be reached just now'],
])('%s becomes %s that names the file and says what to do', (code, planned, words) => {
  const error = fileError(refused(code))
  expect(error).toMatchObject({ code: planned, message: expect.stringContaining(words) })
  expect(error?.message).toContain('/data/x')
  expect(error?.next).toMatch(/\w/)
})

test('a file that is absent, a bug and what is no error are left to whoever called', async () => {
  for (const thrown of [
    refused('ENOENT'),
    new TypeError('x'),
    Object.assign(new Error('y'), { code: 'ENOSPC' }),
    null,
  ]) {
    expect(fileError(thrown)).toBeNull()
  }
  const absent = await readFile('/nowhere/at/all').catch((error: unknown) => error)
  expect(systemCode(absent)).toBe('ENOENT')
})

test('a full disk is told with the place and the space that is left', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-disk-'))
  await writeFile(join(folder.path, 'there'), '')
  const error = diskFull(join(folder.path, 'not', 'there', 'yet.db'))
  expect(error.message).toMatch(/yet\.db could not be written, and [\d.]+ (bytes|[kMGT]B) are free there/)
  expect(error.facts.freeBytes).toBeGreaterThan(0)
  expect(freeBytes(join(folder.path, 'deep', 'down'))).toBeGreaterThan(0)
})

test('bytes are rounded to one digit, from bytes to terabytes', () => {
  const shown = [0, 999, 1000, 1_500_000, 2_000_000_000, 3e12, 4e15].map(bytesText)
  expect(shown).toEqual(['0 bytes', '999 bytes', '1.0 kB', '1.5 MB', '2.0 GB', '3.0 TB', '4000.0 TB'])
})
