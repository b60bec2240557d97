// The same month given again: nothing happens, and that is said. With --again it is looked at once more, and nothing moves.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openProgram } from './program.ts'
import { expectWhole, rowsOf } from './whole-home.ts'

const SETTINGS = {
  UNDERSTUDY_PROJECT: 'tests/end-to-end/eventful.fixture.ts',
  TRAINERS: 'linear',
  TRAIN_WINDOW: 'month',
}

/** Every row of both databases, and every other file. */
function everythingIn(home: string): Map<string, string> {
  const all = new Map<string, string>()
  for (const file of ['mlflow.db', 'flow.db'] as const) {
    for (const { name } of rowsOf(home, file, `select name from sqlite_schema where type = 'table'`)) {
      all.set(`${file} ${name}`, JSON.stringify(rowsOf(home, file, `select * from "${name}"`)))
    }
  }
  for (const entry of globSync('{warehouse,artifacts,training_outputs}/**', { cwd: home, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile()) all.set(path, readFileSync(path).toString('base64'))
  }
  return all
}

test.each([
  ['2020-04', '🚀 PROMOTE'],
  ['2020-05', '🚨 ASK A PERSON'],
])('%s given again says that it was decided, and changes not a byte', { timeout: 60_000 }, async (month, verdict) => {
  await using program = await openProgram(SETTINGS)
  const first = await program.run(['cycle', '--month', month])
  expect(first.out, first.err).toContain(verdict)
  const before = everythingIn(program.home)
  expect(before.size).toBeGreaterThan(40)
  for (const args of [
    ['--month', month],
    ['--month', `${month}-01`],
    ['--month', month, '--json'],
  ]) {
    const again = await program.run(['cycle', ...args])
    expect(again.code, again.err).toBe(0)
    if (args.includes('--json')) expect(JSON.parse(again.out)).toMatchObject({ month, decidedBefore: true })
    else expect(again.out).toContain(`${month} was decided before`)
    expect(again.err).not.toMatch(/🚀|🚨|✅|…/) // nobody is told, and no task begins
    expect(everythingIn(program.home)).toEqual(before)
  }
})

test('--again looks once more and moves nothing: one version more, archived, and Production as it was', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(SETTINGS)
  await program.json(['cycle', '--month', '2020-04'])
  const before = await expectWhole(program.home, 'deliveries', 'decided')
  const looked = await program.json<{ looks: number; applied: boolean }>(['cycle', '--month', '2020-04', '--again'])
  expect(looked).toMatchObject({ looks: 2, applied: false })
  const after = await expectWhole(program.home, 'deliveries', 'looked again')
  expect(after).toEqual({
    versions: [...before.versions, 'v3 Archived'],
    moves: [...before.moves, 'v3 None → Archived'],
  })
})
