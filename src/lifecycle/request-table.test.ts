import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { RequestField } from './project.ts'
import { readTable, tableFromCsv, tableFromJson } from './request-table.ts'

const FIELDS: readonly RequestField[] = [
  { name: 'km', kind: 'number', label: 'Kilometres', example: '4.2' },
  { name: 'boxes', kind: 'integer', label: 'Boxes', example: '3' },
]
const NAMES = FIELDS.map(({ name }) => name)
const LOCAL = { reading: 'utc', unzoned: 'local' } as const

describe('JSON', () => {
  const wanted = { rows: 2, columns: { km: [1.5, 2], boxes: [3, null] } }
  test.each([
    ['a list of objects', '[{"km":1.5,"boxes":3,"note":"a"},{"boxes":null,"km":2}]'],
    ['columns', '{"km":[1.5,2],"boxes":[3,null],"note":["a","b"]}'],
    ['columns as pandas writes them', '{"km":{"0":1.5,"1":2},"boxes":{"0":3,"1":null}}'],
    ['records of MLflow', '{"dataframe_records":[{"km":1.5,"boxes":3},{"km":2,"boxes":null}]}'],
    [
      'a split frame of MLflow',
      '{"dataframe_split":{"index":[0,1],"columns":["boxes","km"],"data":[[3,1.5],[null,2]]}}',
    ],
  ])('is a table as %s', (_, text) => expect(tableFromJson(text, NAMES)).toEqual(wanted))

  test('is one row as an object of values, and may hold what Python writes for no number', () => {
    expect(tableFromJson('{"km":NaN,"boxes":3}', NAMES)).toEqual({ rows: 1, columns: { km: ['NaN'], boxes: [3] } })
    expect(tableFromJson('[{"km":"NaN, -Infinity","boxes":-Infinity}]', NAMES).columns).toEqual({
      km: ['NaN, -Infinity'],
      boxes: ['-Infinity'],
    })
  })

  test.each(['x"', '[NaN, "', '"\\\\'])(
    'a large text that begins with %j and is no JSON is refused soon',
    (beginning) => {
      for (const more of ['\\"', '"', 'a', '\\']) {
        const startMs = performance.now()
        expect(() => tableFromJson(beginning + more.repeat(1_000_001), NAMES)).toThrow('not JSON')
        expect(performance.now() - startMs).toBeLessThan(2_000)
      }
    },
  )

  test.each([
    ['[1]', 'row 0 is no object'],
    ['3', 'neither a list'],
    ['{"km":[1],"boxes":[1,2]}', 'km has 1 values, and boxes has 2'],
    ['{"km":[1],"boxes":2}', 'boxes is no list'],
    ['{"dataframe_split":{"columns":["km"],"data":[[1,2]]}}', 'row 0'],
    ['{"dataframe_split":{"columns":"km"}}', 'no columns or no data'],
    ['{"km":', 'not JSON'],
    ['', 'not JSON'],
  ])('%j is refused in words', (text, words) => {
    expect(() => tableFromJson(text, NAMES)).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(words) }),
    )
  })
})

describe('CSV', () => {
  test('has headings in any order, and lines that end as any system writes them', () => {
    const wanted = { rows: 2, columns: { km: ['1.5', '2'], boxes: ['3', ''] } }
    for (const end of ['\n', '\r\n', '\r']) {
      expect(tableFromCsv(['\uFEFFboxes,note, km', '3,"a, ""b""",1.5', ',"",2', ''].join(end), NAMES)).toEqual(wanted)
    }
    expect(tableFromCsv('boxes,km', NAMES)).toEqual({ rows: 0, columns: { km: [], boxes: [] } })
  })

  test('whatever is quoted comes back', () => {
    const line = fc.array(fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ') }), {
      minLength: 2,
      maxLength: 2,
    })
    fc.assert(
      fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
        const quoted = [NAMES, ...lines].map((cells) =>
          cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(','),
        )
        const { rows, columns } = tableFromCsv(quoted.join('\n'), NAMES)
        expect(rows).toBe(lines.length)
        expect(lines).toEqual(Array.from({ length: rows }, (_, row) => NAMES.map((name) => columns[name]?.[row])))
      }),
      { seed: 20_260_822, numRuns: 200 },
    )
  })

  test.each([
    ['', 'no headings'],
    ['km,boxes\n1', 'row 0 has 1 fields'],
    ['km,km\n1,2', 'two columns called km'],
    ['km,boxes\n"1,2', 'opened and not closed'],
    ['km,boxes\n"1"2,3', 'not closed by its quote'],
  ])('%j is refused in words', (text, words) => {
    expect(() => tableFromCsv(text, NAMES)).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(words) }),
    )
  })

  test('of too many rows no more than one too many is read', () => {
    const first = 'km,boxes\n1,2\n\n3,4\n5,6\n'
    expect(tableFromCsv(first, NAMES, 3)).toEqual({ rows: 3, columns: { km: ['1', '3', '5'], boxes: ['2', '4', '6'] } })
    expect(tableFromCsv(`${first}7,8\n9,10`, NAMES, 2)).toMatchObject({ rows: 3, columns: { km: ['1', '3', '5'] } })
    expect(tableFromCsv(`${first}"never closed`, NAMES, 2).rows).toBe(3)
  })

  test.each([
    ['short rows', `km,boxes\n${'1,2\n'.repeat(4_000_000)}`, 10_001],
    ['empty lines', `km,boxes\n${'\n'.repeat(16_000_000)}`, 0],
    ['rows that are too short', `km,boxes\n${'1\n'.repeat(8_000_000)}`, 'row 0 has 1 fields'],
    ['headings', ','.repeat(16_000_000), 'more than 2000 fields'],
    ['fields in a row', `km,boxes\n${','.repeat(16_000_000)}`, 'more than 2000 fields'],
  ])('16 MB of %s are read no further than they have to be', (_, text, outcome) => {
    const startMs = performance.now()
    if (typeof outcome === 'number') expect(tableFromCsv(text, NAMES, 10_000).rows).toBe(outcome)
    else expect(() => tableFromCsv(text, NAMES, 10_000)).toThrow(outcome)
    expect(performance.now() - startMs).toBeLessThan(1000) // a fifth of it where nothing else is done
  })

  test('a large text of quotes takes no longer than its length says', () => {
    const text = `km,boxes\n${'"'.repeat(2_000_000)}`
    const startMs = performance.now()
    expect(() => tableFromCsv(text, NAMES)).toThrow()
    expect(performance.now() - startMs).toBeLessThan(2_000)
  })
})

test('a table is read to columns, with NaN where there is no value, or every fault is told with its row and field', () => {
  expect(readTable(FIELDS, { rows: 2, columns: { km: ['1.5', null], boxes: [3, 4] } }, LOCAL)).toEqual({
    kind: 'read',
    columns: { km: Float64Array.of(1.5, Number.NaN), boxes: Float64Array.of(3, 4) },
  })
  const read = readTable(FIELDS, { rows: 3, columns: { km: [1, 'x', undefined] } }, LOCAL)
  expect(read).toMatchObject({
    kind: 'faults',
    faults: [
      { row: 1, field: FIELDS[0], fault: 'not a number', value: 'x' },
      { row: 2, field: FIELDS[0], fault: 'missing' },
      { row: null, field: FIELDS[1], fault: 'missing' },
    ],
  })
  const many = readTable(FIELDS, { rows: 10_000, columns: { km: Array(10_000).fill('x'), boxes: [] } }, LOCAL)
  expect(many.kind === 'faults' ? many.faults.length : 0).toBeLessThanOrEqual(100)
})
