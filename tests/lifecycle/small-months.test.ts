// Months that hold next to nothing: an answer in words, nothing trained, nothing moved, whoever is or is not on the stage.
import { describe, expect, test } from 'vitest'
import { type Month, parseMonth } from '../../src/kernel/window.ts'
import type { CycleOutcome } from '../../src/lifecycle/outcome.ts'
import { type Conditions, deliveries } from '../deliveries/project.ts'
import { openStage, type Stage } from './stage.ts'

const MAY = parseMonth('2020-05')
const JUNE = parseMonth('2020-06')

/** Every hundredth row is broken in a way that cleaning knows, so 500 rows are 495, of which 99 are the last fifth. */
const SMALL: [string, Partial<Conditions>, Partial<CycleOutcome>][] = [
  ['no rows', { rows: 0 }, { rawRows: 0, rows: 0, holdoutRows: 0, holdoutDays: 0 }],
  ['one row', { rows: 1 }, { rows: 1, holdoutRows: 1, holdoutDays: 1 }],
  ['five rows', { rows: 5 }, { rows: 5, holdoutRows: 1, holdoutDays: 1 }],
  ['two days', { days: 2 }, { rows: 594, holdoutRows: 119, holdoutDays: 1 }],
  ['99 rows in its holdout', { rows: 500 }, { rows: 495, holdoutRows: 99 }],
  ['3 days in its holdout', { days: 17 }, { holdoutRows: 119, holdoutDays: 3 }],
]

/** The ones that a person would call small, where the edges were tried already. */
const FEW = SMALL.filter(([name]) => ['no rows', 'five rows', 'two days'].includes(name))

const openWith = (conditions: Partial<Conditions>): Promise<Stage> => openStage(deliveries({ [MAY]: conditions }))

/** What a person is told of a month that cannot tell: how much there is, how much is needed, and what the champion's error is. */
function expectWords(cycle: CycleOutcome | null, facts: Partial<CycleOutcome>): void {
  expect(cycle).toMatchObject({ case: 'too-little-data', challenger: null, difference: null, ...facts })
  const rows = `${cycle?.holdoutRows} parcels on ${cycle?.holdoutDays} ${cycle?.holdoutDays === 1 ? 'day' : 'days'}`
  expect(cycle?.reason).toContain(`Cannot tell yet: the holdout has ${rows}, and 100 on 4 days are needed`)
  expect(cycle?.reason).toContain('nothing was trained')
}

describe('a month with', () => {
  test.each(SMALL)(
    '%s keeps the champion, measures it where there is something, and trains nothing',
    async (_, conditions, facts) => {
      await using stage = await openWith(conditions)
      await stage.month(parseMonth('2020-04'), { rule: 'significant' })
      const { cast, trainings } = { cast: await stage.cast(), trainings: stage.trainings.count }
      const { cycle, first } = await stage.month(MAY)
      expect(first).toBeNull()
      expectWords(cycle, { verdict: 'keep', ...facts })
      expect(cycle?.champion?.version).toBe(1)
      if (facts.rows === 0) {
        expect(cycle?.champion).toMatchObject({ error: null, monthError: null })
        expect(cycle?.notes.join()).toContain('has no parcels in 2020-05')
      } else {
        expect(cycle?.champion?.error).toBeGreaterThan(0)
        expect(cycle?.champion?.monthError).toBeGreaterThan(0)
        expect(cycle?.reason).toMatch(/the champion stays \(MAE \d+\.\d+ min here\)/)
      }
      expect(stage.trainings.count).toBe(trainings)
      expect(await stage.cast()).toBe(cast)
      expect(stage.notices.at(-1)).toMatch(/^ℹ️ Cannot tell yet/)
    },
  )

  test('five rows does not stand in the way of the month after', async () => {
    await using stage = await openWith({ rows: 5 })
    await stage.month(MAY)
    const { cycle } = await stage.month(JUNE, { rule: 'significant' })
    expect(cycle).toMatchObject({ verdict: 'keep', case: 'champion-good-enough', champion: { version: 1 } })
  })

  test.each<[string, Partial<Conditions>, Partial<CycleOutcome>]>([
    ['100 rows in its holdout', { rows: 505 }, { rows: 500, holdoutRows: 100 }],
    ['4 days in its holdout', { days: 18 }, { holdoutRows: 119, holdoutDays: 4 }],
  ])('%s is judged', async (_, conditions, facts) => {
    await using stage = await openWith(conditions)
    const { cycle } = await stage.month(MAY)
    expect(cycle).toMatchObject({ challenger: { version: 2 }, ...facts })
    expect(cycle?.case).not.toBe('too-little-data')
    expect(cycle?.difference).not.toBeNull()
  })
})

describe('as the very first month, one with', () => {
  test.each(FEW)(
    '%s gets a first model from the months before, which it cannot judge',
    async (_, conditions, facts) => {
      await using stage = await openWith(conditions)
      const { first, cycle } = await stage.month(MAY)
      expect(first).toMatchObject({ version: 1, verdict: 'promote', trained: true })
      expectWords(cycle, { verdict: 'keep', ...facts })
      expect(stage.trainings.count).toBe(1)
      expect(await stage.cast()).toBe('v1 Production')
    },
  )

  test('five rows before it has too few to learn from, says how many, and leaves nothing behind', async () => {
    const few = { rows: 2 }
    await using stage = await openStage(
      deliveries({ '2020-01': few, '2020-02': few, '2020-03': few, '2020-04': { rows: 0 } }),
    )
    await expect(stage.month(MAY)).rejects.toMatchObject({
      code: 'BAD_DATA',
      facts: { rows: 6 },
      message: expect.stringMatching(/6 clean parcels .*too few to learn a first model from/),
      next: expect.stringMatching(/import/i),
    })
    expect(await stage.cast()).toBe('')
    expect(stage.trainings.count).toBe(0)
  })
})

describe('after the champion was removed, a month with', () => {
  const remove = async (stage: Stage, month: Month): Promise<void> => {
    await stage.month(month, { rule: 'significant' })
    const cause = { actor: 'tester', reason: 'it was wrong about bridges', evidence: null }
    await stage.tracking.move('deliveries', [{ version: 1, to: 'Archived', cause }])
  }

  test.each(FEW)('%s asks a person, and trains nothing', async (_, conditions, facts) => {
    await using stage = await openWith(conditions)
    await remove(stage, parseMonth('2020-04'))
    const trained = stage.trainings.count
    const { cycle, first } = await stage.month(MAY)
    expect(first).toBeNull()
    expectWords(cycle, { verdict: 'escalate', champion: null, ...facts })
    expect(cycle?.reason).toContain('there is no champion for these parcels any more, so a person has to decide')
    expect(stage.trainings.count).toBe(trained)
    expect(await stage.cast()).toBe('v1 Archived, v2 Archived')
  })
})
