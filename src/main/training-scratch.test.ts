import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeTrainingScratch, removeLeftScratch } from './training-scratch.ts'

test('a folder for a training goes with its files; one of a process that is gone is removed, and nobody else is touched', async () => {
  await using home = await mkdtempDisposable(join(tmpdir(), 'understudy-scratch-'))
  const left = join(home.path, 'tmp', 'understudy-training-4194303-17-Ab3dEf')
  await mkdir(left, { recursive: true })
  await writeFile(join(left, 'rows-1'), 'half a file')
  await mkdir(join(home.path, 'tmp', 'somebody-else'))
  {
    await using scratch = await makeTrainingScratch(home.path)
    await writeFile(join(scratch.path, 'rows-2'), 'rows')
    await removeLeftScratch(home.path)
    expect(await readdir(scratch.path)).toEqual(['rows-2'])
    expect(await readdir(join(home.path, 'tmp'))).toHaveLength(2)
  }
  expect(await readdir(join(home.path, 'tmp'))).toEqual(['somebody-else'])
})

test('a home that has no such folder has nothing to remove', async () => {
  await using home = await mkdtempDisposable(join(tmpdir(), 'understudy-scratch-'))
  await removeLeftScratch(home.path)
  expect(await readdir(home.path)).toEqual([])
})
