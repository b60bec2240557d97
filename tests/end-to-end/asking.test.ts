// What a person asks for that is not there, or not yet: of tables, months and days.
import { expect, test } from 'vitest'
import { openProgram } from './program.ts'

const OTHER = ['--project', 'tests/deliveries/project.ts']

test('tables, months and days that are not there are told in words, and tables say whose they are', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram({ TRAINERS: 'linear' })
  await program.json(['cycle', '--month', '2020-04', ...OTHER])

  expect((await program.run(['data', ...OTHER])).out).toMatch(/^table +origin +rows +months\n/)
  const tables = await program.run(['data']) // of the default project, which knows nothing of the other's folder
  expect(tables.out).toMatch(/^table +project +origin +rows +months\n/)
  expect(tables.out).toMatch(/^deliveries_raw_small +unknown +simulated +[\d,]+ +\d{4}-\d{2} to \d{4}-\d{2}$/m)

  const month = await program.run(['data', 'show', 'deliveries_raw_small', '--month', '2031-01', ...OTHER])
  expect(month).toMatchObject({ code: 3, out: '' })
  expect(month.err).toMatch(/deliveries_raw_small has no rows of 2031-01\n {2}why: it holds \d{4}-\d{2} to \d{4}-\d{2}/)

  const day = await program.run(['history', '--on', '2999-01-01', ...OTHER])
  expect(day.out).toMatch(/^2999-01-01 has not come yet\./)
  const { production } = await program.json<{ production: unknown[] }>(['history', '--on', '2999-01-01', ...OTHER])
  expect(production).toEqual([])
})
