// Whatever happens to the folder where everything is kept: words, an exit code, and nothing lost.
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir, open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, type TestContext, test } from 'vitest'
import { DELIVERIES, openState, readSaid, unpackState } from '../fixtures/state.ts'
import { type Disk, mountDisk } from './mount.ts'
import { type Ended, openProgram } from './program.ts'
import { run } from './shelf.ts'
import { rowsOf } from './whole-home.ts'

const PAGE_BYTES = 4096

/** Skips the test where no disk can be mounted, and says so. */
function diskFor(context: TestContext, bytes: number): Disk {
  const disk = mountDisk(bytes)
  if ('refusal' in disk) return context.skip(disk.refusal)
  return disk
}

/** Three lines: what, why, what to do. Never a stack. */
function expectWords({ code, err }: Ended, expected: number, ...words: (string | RegExp)[]): void {
  expect(code, err).toBe(expected)
  for (const word of words) expect(err).toMatch(word) // a text is looked for as it is
  expect(err).not.toMatch(/^ {4}at /m)
  expect(err).not.toContain('bug')
}

function expectIntegrity(home: string): void {
  for (const file of ['mlflow.db', 'flow.db'] as const) {
    expect(rowsOf(home, file, 'pragma integrity_check'), file).toEqual([{ integrity_check: 'ok' }])
  }
}

describe('a home that can only be read', () => {
  test('still answers, refuses to be written to, and can be backed up', { timeout: 60_000 }, async (context) => {
    using disk = diskFor(context, 20_000_000)
    await using program = await openProgram(DELIVERIES)
    const UNDERSTUDY_HOME = join(disk.folder, 'home')
    await mkdir(UNDERSTUDY_HOME)
    unpackState(UNDERSTUDY_HOME)
    disk.makeReadOnly()
    const said = readSaid()
    const there = { UNDERSTUDY_HOME }
    expect(await program.json(['models'], there)).toMatchObject(
      said.models.map(({ version, stage }) => ({ version, stage })),
    )
    expect(await program.json(['history'], there)).toHaveLength(said.history.length)
    expect(await program.json(['predict'], there)).toMatchObject({ version: said.predict.version })
    expect(await program.json(['decisions'], there)).toHaveLength(said.decisions.length)
    expectWords(await run(program, ['cycle', '--month', '2020-06'], there), 2, UNDERSTUDY_HOME, /can only be read/)
    expectWords(await run(program, ['preprocess'], there), 2, UNDERSTUDY_HOME, /can only be read/)
    const backup = await run(program, ['backup', `${program.home}-copy`], there)
    expect(backup.code, backup.err).toBe(0)
    expect(backup.err).toContain('the home cannot be told of this backup')
    const nothing = await run(program, ['models'], { UNDERSTUDY_HOME: disk.folder })
    expectWords(nothing, 2, /UNDERSTUDY_HOME .* cannot be used/, /nothing is kept in it/)
    const none = await run(program, ['models'], { UNDERSTUDY_HOME: join(disk.folder, 'not', 'there') })
    expectWords(none, 2, /UNDERSTUDY_HOME .* cannot be used/, /read-only/)
  })
})

test('a home that is a file, and one that is a link to nowhere, say so', async () => {
  await using program = await openProgram(DELIVERIES)
  const file = join(program.home, 'file')
  writeFileSync(file, '')
  const link = join(program.home, 'link')
  symlinkSync(join(program.home, 'nowhere'), link)
  expectWords(await run(program, ['models'], { UNDERSTUDY_HOME: file }), 2, /it is a file, not a folder/)
  expectWords(await run(program, ['models'], { UNDERSTUDY_HOME: link }), 2, /a link that leads nowhere/)
  expectWords(await run(program, ['cycle'], { UNDERSTUDY_HOME: join(file, 'below') }), 2, /UNDERSTUDY_HOME/)
  expect(existsSync(join(program.home, 'nowhere'))).toBe(false)
})

describe('a full disk', () => {
  const FULL = [
    /the disk is full/,
    /could not be written, and .* are free|No space left/,
    /make room|some space/,
  ] as const

  // Where the room ends: in making the databases, in the tables, after training.
  test.each([600_000, 1_500_000, 2_200_000])(
    'of %d bytes ends a first month in words, and with more room the same command goes on',
    { timeout: 60_000 },
    async (bytes) => {
      const disk = mountDisk(bytes)
      if ('refusal' in disk) return console.info(disk.refusal)
      using _ = disk
      await using program = await openProgram(DELIVERIES)
      const there = { UNDERSTUDY_HOME: join(disk.folder, 'home') }
      expectWords(await run(program, ['cycle'], there), 6, ...FULL)
      disk.resize(40_000_000)
      const outcome = await program.json(['cycle'], there)
      expect(outcome).toMatchObject({ champion: { version: 1 }, challenger: { version: 2 } })
      expectIntegrity(there.UNDERSTUDY_HOME)
      expect(await program.json<{ stage: string }[]>(['models'], there)).toMatchObject([
        { stage: 'Archived' },
        { stage: 'Production' },
      ])
    },
  )

  test('ends an import and a backup in words, and leaves neither half a table nor half a copy', {
    timeout: 60_000,
  }, async (context) => {
    using disk = diskFor(context, 2_500_000)
    await using program = await openState()
    const file = join(program.home, 'parcels.csv')
    const lines = Array.from(
      { length: 200_000 },
      (_, row) => `${row / 7},2020-01-0${1 + (row % 9)} 10:00:00,${row / 3},${row % 9}`,
    )
    await writeFile(file, ['minutes,left_at,distance_km,parcels', ...lines, ''].join('\n'))
    const there = { UNDERSTUDY_HOME: join(disk.folder, 'home') }
    const imported = ['data', 'import', file, '--table', 'deliveries_raw_small']
    expectWords(await run(program, imported, there), 6, ...FULL)
    expect(await program.json(['data'], there)).toEqual([])
    await writeFile(join(program.home, 'large'), Buffer.alloc(3_000_000))
    const copy = join(disk.folder, 'copy')
    expectWords(await run(program, ['backup', copy]), 6, /there is no room for the backup/, /MB are free/)
    expect(existsSync(copy)).toBe(false)
    disk.resize(80_000_000)
    expect(await program.json(imported, there)).toMatchObject({ rowsTaken: 200_000 })
    expect(await program.json(['backup', copy])).toMatchObject({ directory: copy })
  })
})

describe('a home of a newer build', () => {
  const LEDGERS = [
    ['flow.db', 'flow_ledger'],
    ['flow.db', 'outbox_ledger'],
    ['mlflow.db', 'understudy_schema'],
  ] as const

  test.each(LEDGERS)('whose %s was changed in a breaking way (%s) is left alone', async (file, ledger) => {
    await using program = await openState()
    addMigration(join(program.home, file), ledger, 1)
    const before = readFileSync(join(program.home, file))
    const words = [
      join(program.home, file),
      /was changed by a newer build/,
      /number 99 \(of tomorrow\)/,
      /use the newer build/,
    ]
    expectWords(await run(program, ['models']), 4, ...words)
    expectWords(await run(program, ['cycle', '--month', '2020-06']), 4, ...words)
    expect(readFileSync(join(program.home, file)).equals(before)).toBe(true)
  })

  test('that was only added to is worked with', async () => {
    await using program = await openState()
    for (const [file, ledger] of LEDGERS) addMigration(join(program.home, file), ledger, 0)
    expect(await program.json(['models'])).toHaveLength(readSaid().models.length)
    expect(await program.json(['decisions'])).toHaveLength(1)
  })

  function addMigration(file: string, ledger: string, breaking: 0 | 1): void {
    const database = new DatabaseSync(file)
    database.exec('pragma journal_mode = wal') // as any build leaves it
    database.exec(`insert into ${ledger} (number, name, breaking, digest) values (99, 'of tomorrow', ${breaking}, 'x')`)
    database.close()
  }
})

describe('a damaged database is named, with the newest backup and the line that restores it', () => {
  test.each<[string, (path: string) => Promise<unknown>]>([
    ['its header overwritten', (path) => overwrite(path, 0, 100)],
    [
      'its root pages overwritten',
      (path) => overwriteTables(path, ['flow_runs', 'runs', 'model_versions', 'task_runs']),
    ],
    ['cut off', (path) => truncate(path, 5 * PAGE_BYTES + 100)],
    ['emptied', (path) => truncate(path, 0)],
    ['replaced by a text', (path) => writeFile(path, 'hello\n')],
    ['a log that is none', (path) => writeFile(`${path}-wal`, 'hello '.repeat(2000))],
  ])('%s', { timeout: 60_000 }, async (_, damage) => {
    await using program = await openState()
    for (const file of ['flow.db', 'mlflow.db']) {
      const path = join(program.home, file)
      const whole = readFileSync(path)
      await damage(path)
      const words = [`database file ${path}`, /is damaged/, /no backup is known here.*\.\/understudy restore DIR/]
      expectWords(await run(program, ['models', 'show', '1']), 5, ...(file === 'mlflow.db' ? words : []), /./)
      expectWords(await run(program, ['cycle', '--month', '2020-06']), 5, ...words)
      writeFileSync(path, whole)
      await truncate(`${path}-wal`, 0).catch(() => undefined)
    }
  })
})

async function overwrite(path: string, from: number, bytes: number): Promise<void> {
  await using file = await open(path, 'r+')
  const noise = Uint8Array.from({ length: bytes }, (_, index) => (index * 167 + 13) % 251)
  await file.write(noise, 0, bytes, from)
}

/** Overwrites the first page of each table that the file has: the schema is whole, so the damage is found late. */
async function overwriteTables(path: string, tables: readonly string[]): Promise<void> {
  const database = new DatabaseSync(path, { readOnly: true })
  const roots = database.prepare(`select name, rootpage from sqlite_schema where type = 'table'`).all()
  database.close()
  for (const { name, rootpage } of roots) {
    if (tables.includes(String(name))) await overwrite(path, (Number(rootpage) - 1) * PAGE_BYTES, PAGE_BYTES)
  }
}
