import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countText, figureWriter, percentText } from './figures.ts'

describe('figureWriter', () => {
  const written = (...values: number[]): string[] => values.map(figureWriter(values))

  test('writes figures side by side with the same decimals, four digits of the largest', () => {
    expect(written(2.13149, 2.5)).toEqual(['2.131', '2.500'])
    expect(written(-0.0831, 0.02)).toEqual(['-0.08310', '0.02000'])
    expect(written(1234.5678, 10)).toEqual(['1,235', '10'])
    expect(written(123_456)).toEqual(['123,456'])
  })

  test('adds decimals until two different figures look different', () => {
    expect(written(2.49996, 2.5)).toEqual(['2.49996', '2.50000'])
    expect(written(2.5, 2.5)).toEqual(['2.500', '2.500'])
  })

  test('gives up at the digits a double has', () => {
    expect(written(1, 1 + 2 ** -52)).toEqual(['1.000000000000000', '1.000000000000000'])
  })

  test('never writes minus zero', () => {
    expect(written(-0, 0)).toEqual(['0.000', '0.000'])
    expect(figureWriter([2])(-0.0001)).toBe('0.000')
    expect(figureWriter([])(0)).toBe('0.000')
  })

  test('what is written reads back as the figure, to four digits of the largest', () => {
    const figure = fc.double({ min: -99, max: 99, noNaN: true })
    fc.assert(
      fc.property(figure, figure, (a, b) => {
        const largest = Math.max(Math.abs(a), Math.abs(b))
        expect(Math.abs(Number(figureWriter([a, b])(a)) - a)).toBeLessThanOrEqual(largest * 5e-4 + 1e-15)
      }),
      { seed: 20_150_104, numRuns: 300 },
    )
  })
})

test('counts and fractions read as a person writes them', () => {
  expect([countText(7), countText(1_234_567)]).toEqual(['7', '1,234,567'])
  expect([percentText(0.95), percentText(0.975), percentText(1 - 0.05 / 3)]).toEqual(['95 %', '97.5 %', '98.33 %'])
})
