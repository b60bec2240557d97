// A project that keeps rows with missing values: trees learn from them, and their file answers such rows in the program's hands too.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openProgram } from './program.ts'

const SETTINGS = {
  TRAINERS: 'trees',
  TRAINER_SETTINGS: 'trees.trees=60',
  DATA_SIZE: 'small',
  UNDERSTUDY_PROJECT: fileURLToPath(new URL('../deliveries/gaps.ts', import.meta.url)),
}

const ROWS = `left_at,distance_km,parcels
2020-03-02 08:30:00,1,12
2020-03-02 08:30:00,,12
2020-03-02 08:30:00,9,12
2020-03-02 08:30:00,9,
`

test('the first model is accepted, and answers parcels of unknown distance, though none of unknown load', async () => {
  await using program = await openProgram(SETTINGS)
  const { firstModel, challenger } = await program.json<{
    firstModel: { verdict: string; error: number }
    challenger: { error: number }
  }>(['cycle', '--month', '2020-04'])
  expect(firstModel).toMatchObject({ verdict: 'promote', error: expect.any(Number) })
  expect(challenger.error).toBeGreaterThan(0)
  const rows = join(program.home, 'parcels.csv')
  await writeFile(rows, ROWS)
  const { minutes, flags } = await program.json<{ minutes: (number | null)[]; flags: string[][] }>([
    ...['predict', '--file', rows],
  ])
  const [near, unknown, far, loadless] = minutes
  expect(unknown).toBeGreaterThan((near ?? Number.NaN) + 2) // 3 minutes a kilometre, and of unknown ones a mean of five
  expect(unknown).toBeLessThan((far ?? Number.NaN) - 2)
  expect(loadless).toBeNull()
  expect(flags).toEqual([[], ['missing_distance_km'], [], ['missing_parcels']])
}, 60_000)
