import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isTooSmall, judge } from './gate.ts'
import { BOTH, broken, learnt, losses, scored, situation } from './sample-situations.ts'

describe('the table, under both rules', () => {
  test.each(BOTH)('%s: a challenger that was better, and under the threshold, is promoted', (rule) => {
    const verdict = judge(situation({ rule }))
    expect(verdict).toMatchObject({ kind: 'promote', case: 'challenger-better', warning: null })
    expect(verdict.otherRule).toMatchObject({ rule: rule === 'point' ? 'significant' : 'point', kind: 'promote' })
  })

  test.each(BOTH)('%s: a champion that was better, and under the threshold, is kept', (rule) => {
    const verdict = judge(situation({ rule, challenger: learnt(2.3) }))
    expect(verdict).toMatchObject({ kind: 'keep', case: 'champion-good-enough', otherRule: { kind: 'keep' } })
  })

  test.each(BOTH)('%s: equal errors keep the champion', (rule) => {
    expect(judge(situation({ rule, challenger: learnt(2.2) }))).toMatchObject({
      kind: 'keep',
      case: 'champion-good-enough',
    })
  })

  test.each(BOTH)(
    '%s: neither under the threshold escalates, even if the challenger was better (2.5 <= new < old)',
    (rule) => {
      for (const [champion, challenger] of [
        [2.7, 2.6],
        [2.7, 2.5],
        [2.6, 2.7],
        [2.6, 2.6],
        [2.5, 2.5],
      ] as const) {
        const verdict = judge(situation({ rule, champion: scored(champion), challenger: learnt(challenger) }))
        expect(verdict, `${champion} ${challenger}`).toMatchObject({
          kind: 'escalate',
          case: 'none-good-enough',
          otherRule: { kind: 'escalate' },
        })
        expect(verdict.reason).toContain('Neither model was under the threshold of 2.5 min')
      }
    },
  )

  test.each(BOTH)('%s: with the champion removed, the challenger needs only the threshold', (rule) => {
    const champion = { kind: 'removed' } as const
    expect(judge(situation({ rule, champion }))).toMatchObject({ kind: 'promote', case: 'no-champion' })
    for (const mean of [2.5, 2.6]) {
      const verdict = judge(situation({ rule, champion, challenger: learnt(mean) }))
      expect(verdict).toMatchObject({
        kind: 'escalate',
        case: 'no-champion',
        evidence: { champion: null, difference: null },
      })
    }
  })

  test.each(BOTH)('%s: a champion that cannot score these rows escalates, however good the challenger was', (rule) => {
    const verdict = judge(situation({ rule, champion: broken }))
    expect(verdict).toMatchObject({ kind: 'escalate', case: 'champion-cannot-score', otherRule: { kind: 'escalate' } })
    expect(verdict.reason).toBe(
      'The champion cannot score these 400 trains (it gave no finite number for 3 of 400 trains), so there is nothing to compare ' +
        'the challenger with: MAE 2.100 min, threshold 2.5 min; a person has to decide.',
    )
  })

  test.each(BOTH)('%s: a challenger that cannot score leaves a good champion, and escalates otherwise', (rule) => {
    const challenger = broken
    expect(judge(situation({ rule, challenger }))).toMatchObject({ kind: 'keep', case: 'challenger-cannot-score' })
    for (const champion of [scored(2.5), broken, { kind: 'removed' } as const]) {
      const verdict = judge(situation({ rule, challenger, champion }))
      expect(verdict).toMatchObject({ kind: 'escalate', case: 'challenger-cannot-score' })
      expect(verdict.reason).toContain('a person has to decide')
    }
  })

  test.each(BOTH)(
    '%s: a challenger whose rows are unknown, or that has seen the holdout, can only escalate',
    (rule) => {
      for (const [champion, mean] of [
        [scored(2.2), 1],
        [scored(2.2), 2.4],
        [broken, 1],
        [{ kind: 'removed' }, 1],
      ] as const) {
        for (const rowsLearnt of ['unknown', 'seen'] as const) {
          const verdict = judge(situation({ rule, champion, challenger: { ...learnt(mean), rowsLearnt } }))
          expect(verdict).toMatchObject({ kind: 'escalate', case: `challenger-rows-${rowsLearnt}` })
          expect(verdict.reason).toContain(rowsLearnt === 'seen' ? 'has learnt some of these' : 'It is not known')
        }
      }
    },
  )
})

describe('where the rules differ', () => {
  const lucky = { challenger: learnt(2.1, 0.3) } as const // better by 0.1, but the days disagree by 0.3

  test('a lead that may be luck is promoted by point, kept by significant, and each says what the other would have said', () => {
    const point = judge(situation({ ...lucky }))
    const significant = judge(situation({ ...lucky, rule: 'significant' }))
    expect(point).toMatchObject({
      kind: 'promote',
      otherRule: { rule: 'significant', kind: 'keep', why: significant.reason },
    })
    expect(significant).toMatchObject({
      kind: 'keep',
      otherRule: { rule: 'point', kind: 'promote', why: point.reason },
    })
    expect(point.evidence).toEqual(significant.evidence)
    expect(significant.reason).toBe(
      "The challenger was better on these 400 trains, but that may be the luck of 8 days: MAE 2.100 min against the champion's " +
        'MAE 2.200 min, and the 95 % interval of the difference, -0.3681 to 0.1681 min, does not lie below zero; the champion was under ' +
        'the threshold of 2.5 min and stays.',
    )
  })

  test('an interval that ends at 0, to the last bit, is no certainty', () => {
    const sums = [
      [35, 34.3574991582935],
      [25, 24.036248737440253],
      [28, 28.214998316587003],
      [31, 30.357499158293503],
      [27, 26.036248737440253],
    ] as const
    const daysOf = (which: 0 | 1) =>
      sums.map((pair, index) => ({ day: `2020-05-0${index + 1}`, rows: 20, sum: pair[which] }))
    const verdict = judge(
      situation({
        holdout: { rows: 100, days: 5 },
        champion: { kind: 'scored', days: daysOf(0) },
        challenger: { kind: 'scored', days: daysOf(1), rowsLearnt: 'known' },
        rule: 'significant',
      }),
    )
    expect(verdict.evidence.difference?.high).toBe(0) // or this could not fail
    expect(verdict).toMatchObject({ kind: 'keep', otherRule: { kind: 'promote' } })
  })

  test('a lead that may be luck over a champion that is not good enough is a question for a person', () => {
    const verdict = judge(situation({ champion: scored(2.55), challenger: learnt(2.45, 0.3), rule: 'significant' }))
    expect(verdict).toMatchObject({ kind: 'escalate', case: 'none-good-enough', otherRule: { kind: 'promote' } })
    expect(verdict.reason).toMatch(/^The champion was not under the threshold of 2\.5 min .* may be the luck of 8 days/)
  })

  test('a lead without a doubt says so', () => {
    expect(judge(situation({ rule: 'significant', challenger: learnt(2.1, 0.05) })).reason).toBe(
      "The challenger was better on these 400 trains, by more than the luck of 8 days explains: MAE 2.100 min against the champion's " +
        'MAE 2.200 min, the 95 % interval of the difference, -0.1447 to -0.0553 min, lies below zero, and it was under the threshold of 2.5 min.',
    )
  })

  test('whatever significant promotes, point promotes; whatever point does not promote, both answer alike', () => {
    const mean = fc.double({ min: 1.9, max: 2.8, noNaN: true })
    fc.assert(
      fc.property(mean, mean, fc.double({ min: 0, max: 0.5, noNaN: true }), (champion, challenger, wobble) => {
        const point = judge(situation({ champion: scored(champion), challenger: learnt(challenger, wobble) }))
        const { champion: c, challenger: n } = point.evidence
        const expected = n!.mean < c!.mean && n!.mean < 2.5 ? 'promote' : c!.mean < 2.5 ? 'keep' : 'escalate'
        expect(point.kind).toBe(expected)
        if (point.otherRule.kind === 'promote') expect(point.kind).toBe('promote')
        if (point.kind !== 'promote') expect(point.otherRule.kind).toBe(point.kind)
      }),
      { seed: 20_150_109, numRuns: 300 },
    )
  })
})

describe('too little to judge on', () => {
  test('fewer than 100 rows or 4 days is too little', () => {
    expect(isTooSmall({ rows: 99, days: 31 })).toBe(true)
    expect(isTooSmall({ rows: 5000, days: 3 })).toBe(true)
    expect(isTooSmall({ rows: 100, days: 4 })).toBe(false)
  })

  const three = losses(2.2).slice(0, 3)
  const small = { holdout: { rows: 150, days: 3 }, challenger: { kind: 'not-trained' } } as const

  test('keeps the champion, cannot tell yet, and still shows its figures', () => {
    const verdict = judge(situation({ ...small, champion: { kind: 'scored', days: three } }))
    expect(verdict).toMatchObject({
      kind: 'keep',
      case: 'too-little-data',
      evidence: { rows: 150, days: 3, challenger: null, difference: null, champion: { mean: 2.2 } },
      otherRule: { kind: 'keep' },
    })
    expect(verdict.reason).toBe(
      'Cannot tell yet: the holdout has 150 trains on 3 days, and 100 on 4 days are needed, so nothing was trained and the champion stays ' +
        '(MAE 2.200 min here).',
    )
  })

  test('keeps a champion above the threshold, or one that cannot score, all the same: nothing was shown to be better', () => {
    const poor = three.map((day) => ({ ...day, sum: day.sum * 2 }))
    expect(judge(situation({ ...small, champion: { kind: 'scored', days: poor } }))).toMatchObject({ kind: 'keep' })
    const verdict = judge(situation({ ...small, champion: broken }))
    expect(verdict).toMatchObject({ kind: 'keep', case: 'too-little-data' })
    expect(verdict.reason).toContain('it gave no finite number')
  })

  test('asks a person when there is no champion to keep', () => {
    const verdict = judge(situation({ ...small, champion: { kind: 'removed' } }))
    expect(verdict).toMatchObject({ kind: 'escalate', case: 'too-little-data', otherRule: { kind: 'escalate' } })
    expect(verdict.reason).toContain('a person has to decide')
  })

  test('an empty holdout, or one day, is an answer too', () => {
    const none = judge(situation({ ...small, holdout: { rows: 0, days: 0 }, champion: { kind: 'scored', days: [] } }))
    expect(none).toMatchObject({ kind: 'keep', evidence: { champion: null } })
    expect(none.reason).toContain('MAE unknown')
    const one = { holdout: { rows: 50, days: 1 }, champion: { kind: 'scored', days: losses(2).slice(0, 1) } } as const
    expect(judge(situation({ ...small, ...one }))).toMatchObject({
      evidence: { champion: { mean: 2, interval: null } },
    })
    expect(judge(situation({ ...small, ...one })).reason).toContain('50 trains on 1 day,')
  })

  test('does not look at a challenger that is there all the same', () => {
    const verdict = judge(situation({ holdout: { rows: 90, days: 8 }, champion: broken, challenger: learnt(1) }))
    expect(verdict).toMatchObject({ kind: 'keep', evidence: { challenger: null, difference: null } })
  })
})

describe('the first model', () => {
  const first = { kind: 'none-ever', firstChampion: 'accept' } as const

  test.each([1, 99])('becomes the baseline whatever its error (%d), by both rules', (mean) => {
    const verdict = judge(situation({ champion: first, challenger: learnt(mean) }))
    expect(verdict).toMatchObject({ kind: 'promote', case: 'first-model', otherRule: { kind: 'promote' } })
    expect(verdict.reason).toMatch(
      /^The first model was taken as the baseline, whatever its error: MAE \d+\.\d+ min on the last 400 trains/,
    )
  })

  test('comes with a warning if it misses the threshold, and only then', () => {
    expect(judge(situation({ champion: first, challenger: learnt(2.49) })).warning).toBeNull()
    expect(judge(situation({ champion: first, challenger: learnt(2.5) })).warning).toBe(
      'The first model is not under the threshold of 2.5 min: MAE 2.500 min on the last 400 trains.',
    )
  })

  test('is taken on too few rows to judge, and on none, with a warning', () => {
    const nine = { kind: 'scored', rowsLearnt: 'known', days: [{ day: '2014-12-31', rows: 9, sum: 18 }] } as const
    const verdict = judge(situation({ champion: first, challenger: nine, holdout: { rows: 9, days: 1 } }))
    expect(verdict).toMatchObject({ kind: 'promote', evidence: { challenger: { mean: 2, interval: null } } })
    const unmeasured = { kind: 'scored', rowsLearnt: 'known', days: [] } as const
    expect(judge(situation({ champion: first, challenger: unmeasured, holdout: { rows: 0, days: 0 } }))).toMatchObject({
      kind: 'promote',
      warning: 'No trains were left to measure the first model on; its error is not known.',
    })
  })

  test('waits for a person where a person wants to be asked', () => {
    const verdict = judge(situation({ champion: { kind: 'none-ever', firstChampion: 'ask' } }))
    expect(verdict).toMatchObject({ kind: 'escalate', case: 'first-model', otherRule: { kind: 'escalate' } })
    expect(verdict.reason).toContain('waits for a person')
  })

  test('is not taken if it cannot answer', () => {
    const verdict = judge(situation({ champion: first, challenger: broken }))
    expect(verdict).toMatchObject({ kind: 'escalate', case: 'challenger-cannot-score' })
    expect(verdict.reason).toContain('this model never had one')
  })
})

describe('what cannot be judged', () => {
  test('a threshold that is no positive number', () => {
    for (const threshold of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => judge(situation({ threshold }))).toThrow(
        `the threshold is ${threshold}; set it to a positive min error`,
      )
    }
  })

  test('scores of other rows than the holdout', () => {
    expect(() => judge(situation({ holdout: { rows: 399, days: 8 } }))).toThrow(
      'a model was scored on 400 rows of 8 days, and the holdout has 399 rows of 8 days',
    )
    expect(() => judge(situation({ holdout: { rows: 400, days: 7 }, champion: broken }))).toThrow('run the cycle again')
  })

  test('bugs of the caller: no look, no challenger', () => {
    expect(() => judge(situation({ looks: 0 }))).toThrow(RangeError)
    expect(() => judge(situation({ looks: 1.5 }))).toThrow(RangeError)
    expect(() => judge(situation({ challenger: { kind: 'not-trained' } }))).toThrow('no challenger was trained')
    const first = { kind: 'none-ever', firstChampion: 'accept' } as const
    expect(() => judge(situation({ champion: first, challenger: { kind: 'not-trained' } }))).toThrow('none was trained')
  })
})

test('a verdict is plain JSON', () => {
  const verdict = judge(situation({}))
  expect(JSON.parse(JSON.stringify(verdict))).toEqual(verdict)
})
