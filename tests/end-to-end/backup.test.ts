// A copy of what is kept is whole and read back, or it is not there at all.
import { readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openState } from '../fixtures/state.ts'
import type { Ended } from './program.ts'
import { run, SECONDS, shelf } from './shelf.ts'
import { rowsOf } from './whole-home.ts'

test('a backup that is not whole is found out, and restores nothing', { timeout: 60 * SECONDS }, async () => {
  await using program = await openState()
  const folder = await shelf()
  const copy = join(folder, 'copy')
  expect((await run(program, ['backup', copy])).code).toBe(0)
  const { files } = JSON.parse(await readFile(join(copy, 'backup.json'), 'utf8')) as { files: { path: string }[] } // made above
  // The journal is the older one of the two, always: whoever goes on from it asks the registry what was done already.
  const rooms = files.map(({ path }) => path.split('/').slice(0, 2).join('/'))
  const order = ['home/flow.db', 'home/mlflow.db', 'home/artifacts', 'home/warehouse', 'home/training_outputs']
  expect([...new Set(rooms)]).toEqual(order)
  const model = join(copy, files.find(({ path }) => path.endsWith('.onnx'))?.path ?? '')
  const whole = readFileSync(model)
  const flipped = Buffer.from(whole)
  flipped[100] = (flipped[100] ?? 0) ^ 1
  writeFileSync(model, flipped)
  for (const args of [
    ['backup', 'verify', copy],
    ['restore', copy, '--replace'],
  ]) {
    const { code, err } = await run(program, args)
    expect(code, err).toBe(5)
    expect(err).toMatch(/is not whole[\s\S]*model\.onnx is not what was written/)
  }
  renameSync(model, `${model}.away`)
  expect((await run(program, ['backup', 'verify', copy])).err).toMatch(/model\.onnx cannot be read/)
  writeFileSync(model, whole)
  const verified = await run(program, ['backup', 'verify', copy])
  expect(verified.code, verified.err).toBe(0)
  const record = await readFile(join(copy, 'backup.json'), 'utf8')
  await writeFile(join(copy, 'backup.json'), record.replace('"format": 1', '"format": 2'))
  const newer = await run(program, ['restore', copy, '--replace'])
  expect(newer.code, newer.err).toBe(4)
  expect(newer.err).toMatch(/was made by a newer build[\s\S]*is of format 2/)
  await writeFile(join(copy, 'backup.json'), record.replaceAll('"home/', '"../'))
  expect((await run(program, ['restore', copy, '--replace'])).code).toBe(5) // a record that names files elsewhere
  await rm(join(copy, 'backup.json'))
  const none = await run(program, ['backup', 'verify', copy])
  expect(none.code, none.err).toBe(3)
  expect(await run(program, ['models', '--json'])).toMatchObject({ code: 0 })
  expect(readdirSync(dirname(program.home)).filter((name) => name.startsWith(`${basename(program.home)}.`))).toEqual([])
})

test('what is lacking already is said, kept in mind, and no reason to have no backup', {
  timeout: 60 * SECONDS,
}, async () => {
  await using program = await openState()
  const copy = join(await shelf(), 'copy')
  const [lost] = rowsOf(program.home, 'mlflow.db', 'select run_id from model_versions where version = 2')
  await rm(join(program.home, 'artifacts', '1', String(lost?.run_id)), { recursive: true })
  const made = await run(program, ['backup', copy])
  expect(made.code, made.err).toBe(0)
  expect(made.out).toMatch(/⚠️ {2}of deliveries v2 the files are missing .*, and was so before it was copied/)
  const verified = await run(program, ['backup', 'verify', copy, '--json'])
  expect(verified.code, verified.err).toBe(0)
  expect(JSON.parse(verified.out)).toMatchObject({ faults: [expect.stringContaining('deliveries v2')] })
  const record = await readFile(join(copy, 'backup.json'), 'utf8')
  await writeFile(join(copy, 'backup.json'), record.replace('of deliveries v2', 'of another v2'))
  const since = await run(program, ['backup', 'verify', copy])
  expect(since.code, since.err).toBe(5)
  expect(since.err).toContain('of deliveries v2 the files are missing')
})

test('a backup goes nowhere but into a new folder outside the home', { timeout: 60 * SECONDS }, async () => {
  await using program = await openState()
  const folder = await shelf()
  const full = join(folder, 'full')
  await mkdir(full)
  await writeFile(join(full, 'mine'), 'x')
  symlinkSync(program.home, join(folder, 'link'))
  for (const [target, words] of [
    [full, 'is not empty'],
    [join(program.home, 'inside'), 'lies in'],
    [join(folder, 'link', 'inside'), 'lies in'],
    [join(full, 'mine'), 'is a file'],
  ] as const) {
    const { code, err } = await run(program, ['backup', target])
    expect(code, err).toBe(2)
    expect(err).toContain(words)
  }
  const nothing = await run(program, ['backup', join(folder, 'new')], { UNDERSTUDY_HOME: join(folder, 'nobody') })
  expect(nothing.code, nothing.err).toBe(3)
  expect(readdirSync(folder).sort()).toEqual(['full', 'link'])
})

test('one that is stopped leaves nothing, one that is killed no folder that is taken for a backup', {
  timeout: 60 * SECONDS,
}, async () => {
  await using program = await openState()
  await writeFile(join(program.home, 'large'), '')
  await truncate(join(program.home, 'large'), 400_000_000) // takes no room here, and time to copy
  const folder = await shelf()
  const copy = join(folder, 'copy')
  const begun = async (signal: 'SIGINT' | 'SIGKILL'): Promise<Ended> => {
    const { child, ended } = program.start(['backup', copy])
    while (readdirSync(folder).length === 0 && child.exitCode === null) await sleep(5)
    child.kill(signal)
    return await ended
  }
  const stopped = await begun('SIGINT')
  expect(stopped.code, stopped.err).toBe(130)
  expect(readdirSync(folder)).toEqual([])
  expect((await begun('SIGKILL')).signal).toBe('SIGKILL')
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^copy\.partial-/)])
  await rm(join(program.home, 'large'))
  expect((await run(program, ['backup', copy])).code).toBe(0)
  expect(readdirSync(folder)).toEqual(['copy'])
})
