import { describe, expect, test } from 'vitest'
import type { ErrorMetric } from './day-losses.ts'
import { judge } from './gate.ts'
import { BOTH, broken, learnt, scored, situation } from './sample-situations.ts'

describe('a second look at the same holdout', () => {
  const close = { rule: 'significant', challenger: learnt(2.1, 0.107) } as const // significant at 95 %, not at 98.33 %

  test('is tested at 1 - 0.05 / looks, and says so', () => {
    expect(judge(situation(close))).toMatchObject({ kind: 'promote', evidence: { looks: 1, level: 0.95 } })
    const third = judge(situation({ ...close, looks: 3 }))
    expect(third).toMatchObject({ kind: 'keep', evidence: { looks: 3, level: 1 - 0.05 / 3 } })
    expect(third.reason).toContain(
      'this was look 3 at the same holdout, so the difference was tested at 98.33 % instead of 95 %.',
    )
  })

  test('says so under point too, whose verdict is not a test but whose other rule is', () => {
    const verdict = judge(situation({ ...close, rule: 'point', looks: 3 }))
    expect(verdict).toMatchObject({ kind: 'promote', otherRule: { kind: 'keep' } })
    expect(verdict.reason).toContain('look 3')
  })

  test('speaks of no test where there is no comparison', () => {
    expect(judge(situation({ champion: broken, looks: 2 })).reason).not.toContain('look 2')
  })
})

describe('the words', () => {
  test('say what was, on these rows, with the figures of both sides', () => {
    const verdict = judge(situation({}))
    expect(verdict.reason).toBe(
      "The challenger was better on these 400 trains: MAE 2.100 min against the champion's MAE 2.200 min, and under the threshold of 2.5 min.",
    )
    expect(judge(situation({ challenger: learnt(2.2) })).reason).toBe(
      "The challenger was not better on these 400 trains: MAE 2.200 min against the champion's MAE 2.200 min, which is under the threshold of 2.5 min.",
    )
  })

  test('never make two figures look alike that differ', () => {
    const { reason } = judge(situation({ champion: scored(2.20002), challenger: learnt(2.2) }))
    expect(reason).toContain('MAE 2.20000 min against')
    expect(reason).toContain('MAE 2.20002 min')
  })

  test('are one sentence in every case and never promise that a model is better', () => {
    const champions = [
      scored(2.2),
      scored(2.7),
      broken,
      { kind: 'removed' },
      { kind: 'none-ever', firstChampion: 'ask' },
    ] as const
    for (const champion of champions) {
      for (const challenger of [learnt(2.1), learnt(2.1, 0.3), learnt(2.6), broken]) {
        for (const rule of BOTH) {
          const { reason, otherRule } = judge(situation({ champion, challenger, rule, looks: 2 }))
          for (const sentence of [reason, otherRule.why]) {
            expect(sentence).toMatch(/^[A-Z].*\.$/)
            expect(sentence.replaceAll(/\d\.\d/g, '').split('.').length).toBe(2)
            expect(sentence).not.toMatch(/is better|undefined|NaN|\(\)/)
          }
        }
      }
    }
  })

  test('are in the words of the project alone', () => {
    const metric: ErrorMetric = { name: 'mse', unit: '°C²', rowsNoun: 'mornings' }
    expect(judge(situation({ metric })).reason).toBe(
      "The challenger was better on these 400 mornings: MSE 2.100 °C² against the champion's MSE 2.200 °C², and under the threshold of 2.5 °C².",
    )
  })
})
