// What a person meets when somebody touched what lies in the home: rows that can be made again are, and whatever cannot says which table,
// month, version and file, and what to do.
import { globSync } from 'node:fs'
import { copyFile, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openProgram, type Program } from './program.ts'
import { DELIVERIES, expectTold, keptIn, PROCESSED, RAW } from './told.ts'

describe('what lies in the home', () => {
  let program: Program
  const partOf = (table: string, month: string): string =>
    join(program.home, globSync(`warehouse/${table}/month=${month}/*`, { cwd: program.home })[0] ?? '')
  const march = ['evaluate', '--from', '2020-03-01', '--to', '2020-04-01', '--json']
  beforeAll(async () => {
    program = await openProgram(DELIVERIES)
    await program.json(['cycle'], { GATE_RULE: 'significant' })
  }, 60_000)
  afterAll(() => program[Symbol.asyncDispose]())

  test('processed rows that went or were changed are made again, manifest and all', { timeout: 60_000 }, async () => {
    const { error } = await program.json<{ error: number }>(march)
    const damages: (() => Promise<void>)[] = [
      () => rm(partOf(PROCESSED, '2020-03')),
      () => truncate(partOf(PROCESSED, '2020-03'), 500),
      () => copyFile(partOf(PROCESSED, '2020-02'), partOf(PROCESSED, '2020-03')),
      () => truncate(join(program.home, 'warehouse', PROCESSED, 'manifest.json'), 500),
      () => rm(join(program.home, 'warehouse', PROCESSED), { recursive: true }),
    ]
    for (const damage of damages) {
      await damage()
      expect(await program.json<{ error: number }>(march)).toMatchObject({ error, rows: 594 })
    }
  })

  test('raw rows that went name table, month and file; dropping and making the table again is the way out', {
    timeout: 60_000,
  }, async () => {
    const { error } = await program.json<{ error: number }>(march)
    const part = partOf(RAW, '2020-03')
    await rm(part)
    const { versions } = await keptIn(program)
    for (const args of [
      ['evaluate', '--from', '2020-03-01', '--to', '2020-04-01'],
      ['cycle', '--month', '2020-05'],
      ['data', 'show', RAW, '--month', '2020-03'],
    ]) {
      expectTold(await program.run(args), {
        code: 5,
        what: new RegExp(`^table ${RAW}, month 2020-03, is damaged$`),
        why: new RegExp(`^its file ${part} is not there any more$`),
        next: new RegExp(`backup; or \\./understudy data drop ${RAW}, then make or import the table again$`),
      })
    }
    const listed = await program.run(['data'])
    expect(listed).toMatchObject({
      code: 0,
      err: expect.stringContaining(`${RAW}: stored files of 2020-03 went or changed`),
    })
    expect((await keptIn(program)).versions.slice(0, versions.length)).toEqual(versions)
    expect((await program.run(['data', 'drop', RAW])).code).toBe(0)
    expect(await program.json(march)).toMatchObject({ error, rows: 594 })
  })

  test('a damaged manifest of raw rows can be dropped; one of a newer build is left alone', {
    timeout: 60_000,
  }, async () => {
    const manifest = join(program.home, 'warehouse', RAW, 'manifest.json')
    const text = await readFile(manifest, 'utf8')
    await writeFile(manifest, text.replace('"format": 1', '"format": 99'))
    for (const args of [['data'], march.slice(0, -1), ['data', 'drop', RAW]]) {
      const told = {
        code: 5,
        what: new RegExp(`^table ${RAW} was written by a newer build$`),
        why: /format 99.*reads 1$/,
        next: /update/,
      }
      expectTold(await program.run(args), told)
    }
    expect(await readFile(manifest, 'utf8')).toContain('"format": 99')
    await writeFile(manifest, text.slice(0, 700))
    for (const args of [['data'], march.slice(0, -1)]) {
      expectTold(await program.run(args), {
        code: 5,
        what: new RegExp(`^the list of what table ${RAW} is made of, ${manifest}, is damaged$`),
        next: new RegExp(`data drop ${RAW}, then make or import`),
      })
    }
    expect((await program.run(['data', 'drop', RAW])).code).toBe(0)
    expect(await program.json(march)).toMatchObject({ rows: 594 })
  })

  test("a champion's file that was cut short: each command names version and file, and a person is asked", {
    timeout: 60_000,
  }, async () => {
    const { source } = await program.json<{ source: string }>(['models', 'show', '1'])
    const file = `${fileURLToPath(source)}/model.onnx`
    const whole = await readFile(file)
    await truncate(file, 1000)
    const { versions } = await keptIn(program)
    const why = new RegExp(`^its file ${file} does not serve: this model file of 1000 bytes cannot be loaded`)
    const what = /^v1 of deliveries cannot be used$/
    expectTold(await program.run(['predict']), {
      code: 5,
      what,
      why,
      next: /backup, or put another version in its place/,
    })
    const evaluated = await program.run(march.slice(0, -1))
    expectTold(evaluated, {
      code: 5,
      what: /^v1 of deliveries cannot score 2020-03$/,
      why,
      next: /backup, .*--version/,
    })
    expect((await keptIn(program)).versions).toEqual(versions)
    const asked = await program.run(['cycle', '--month', '2020-06'])
    expect(asked.code, asked.err).toBe(0)
    expect(asked.out).toContain('🚨 ASK A PERSON')
    expect(asked.out.replaceAll(/\s+/g, ' ')).toContain(`its file ${file} does not serve`)
    await writeFile(file, whole)
    expect((await program.run(['predict'])).code).toBe(0)
    await rm(dirname(fileURLToPath((await program.json<{ source: string }>(['models', 'show', '2'])).source)), {
      recursive: true,
    })
    for (const args of [
      ['promote', '--version', '2', '--why', 'to see'],
      ['cycle', '--month', '2020-05', '--challenger', '2'],
    ]) {
      const gone = {
        code: 5,
        what: /^v2 of deliveries cannot be used$/,
        why: /is not there any more$/,
        next: /use another version/,
      }
      expectTold(await program.run(args), gone)
    }
  })
})
