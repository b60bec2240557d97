// What every chart promises: an SVG file that stands alone, says in words what it shows, and reads without colour.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BandBar, bandChart } from './bands.ts'
import { curveChart } from './curve.ts'
import { densityChart } from './density.ts'
import type { Words } from './drawing.ts'
import { rankingChart } from './ranking.ts'

const WORDS: Words = {
  name: 'a-chart',
  title: 'Error & "bias" <by hour>',
  subtitle: 'All parcels of May',
  notes: ['A note.'],
  description: 'What it shows, in words.',
}

const bar: BandBar = { label: '00', rows: 120, error: 2, low: 1.5, high: 2.5, bias: -0.5, isFew: false }
const bands = (bars: readonly BandBar[]): string =>
  bandChart({
    words: WORDS,
    bars,
    bandName: 'hour',
    errorName: 'mean absolute error, min',
    biasName: 'bias, min',
    rowsName: 'parcels',
    overall: { error: 1.7, text: 'all parcels: 1.7 min' },
  })
const curve = (values: readonly number[], kept: number | null = null): string =>
  curveChart({
    words: WORDS,
    stepName: 'tree',
    steps: values.map((_, i) => i + 1),
    valueName: 'error, min',
    series: [
      { label: 'learnt', values },
      { label: 'early-stop', values: values.map((value) => value + 0.5) },
    ],
    kept: kept === null ? null : { position: kept, text: `kept: tree ${kept + 1}`, series: 1 },
  })
const density = (across: ArrayLike<number>, up: ArrayLike<number>): string =>
  densityChart({
    words: WORDS,
    ...{ across, up },
    acrossName: 'actual, min',
    upName: 'predicted, min',
    span: [0, 10],
    rowsName: 'parcels',
    marks: { text: 'means', at: [[5, 5]] },
  })
const ranking = (): string =>
  rankingChart(WORDS, [
    { label: 'distance', value: 8, text: '+8.0', span: [7, 9] },
    { label: 'a name that is far too long to stand beside a bar', value: -0.1, text: '−0.1', span: null },
  ])

const every: [string, string][] = [
  ['bands', bands([bar, { ...bar, label: '01', rows: 3, isFew: true }])],
  ['curve', curve([3, 2, 1.5], 1)],
  ['density', density([1, 2, 2, 9], [1, 2, 2, 8])],
  ['ranking', ranking()],
]

/** Places in a drawing: every number of an attribute that is one. */
function numbersIn(svg: string): number[] {
  return [...svg.matchAll(/ (?:x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"]*)"/g)].map(([, text]) => Number(text))
}

/** The height of the first bar that is not hatched. */
function heightOf(svg: string): number {
  return Number(/<rect [^>]*height="([^"]*)" class="first"/.exec(svg)?.[1])
}

/** The path elements of a class, by their `d`. */
function pathsOf(svg: string, role: string): string[] {
  return [...svg.matchAll(/<path [^>]*>/g)]
    .filter(([tag]) => tag.includes(`class="${role}`))
    .map(([tag]) => / d="([^"]*)"/.exec(tag)?.[1] ?? '')
}

describe.each(every)('%s', (_, svg) => {
  test('is an image with a title and a description, for who cannot see it', () => {
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[^>]* role="img" aria-labelledby="a-chart-title a-chart-description"/,
    )
    expect(svg).toContain('<title id="a-chart-title">Error &amp; &quot;bias&quot; &lt;by hour&gt;</title>')
    expect(svg).toContain('<desc id="a-chart-description">What it shows, in words.</desc>')
  })

  test('is well-formed: every element is closed, in order', () => {
    const open: string[] = []
    for (const [, slash, name, attributes] of svg.matchAll(/<(\/?)([a-zA-Z]+)((?:\s[^<>]*)?)>/g)) {
      if (slash === '/') expect(open.pop()).toBe(name)
      else if (attributes?.endsWith('/') !== true) open.push(name ?? '')
    }
    expect(open).toEqual([])
    expect(svg.replaceAll(/&(amp|lt|gt|quot);/g, '')).not.toContain('&')
  })

  test('brings nothing along and fetches nothing: no script, no font, no address but the name of the format', () => {
    expect(svg).not.toMatch(/<script|<image|<foreignObject|@font-face|@import|href|\son[a-z]+=/i)
    expect(svg.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|url\((?!#a-chart-)/)
  })

  test('has a light and a dark face, and colours of its own where style sheets are not read', () => {
    expect(svg).toContain('@media (prefers-color-scheme:dark){')
    expect(svg).toMatch(/<rect [^>]*class="paper" fill="#ffffff"/)
    for (const [tag] of svg.matchAll(/<[a-z]+ [^>]*class="[^"]*"[^>]*>/g)) expect(tag).toMatch(/ (fill|stroke)="/)
  })

  test('no text is smaller than eleven pixels, no place is not a number', () => {
    for (const [, px] of svg.matchAll(/font-size="([\d.]+)"/g)) expect(Number(px)).toBeGreaterThanOrEqual(11)
    expect(numbersIn(svg).every(Number.isFinite)).toBe(true)
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})

describe('bands', () => {
  test('a band of few rows is hatched, one of many is not', () => {
    expect(bands([bar])).not.toContain('fill="url(#a-chart-few)"')
    expect(bands([{ ...bar, isFew: true }]).split('fill="url(#a-chart-few)"').length - 1).toBe(2) // error and bias
  })

  test('a band without rows keeps its place, its name and its 0', () => {
    const empty = { ...bar, label: '13', rows: 0, error: null, low: null, high: null, bias: null, isFew: true }
    const svg = bandChart({
      words: WORDS,
      bars: [bar, empty],
      bandName: '',
      errorName: '',
      biasName: '',
      rowsName: '',
      overall: { error: 1, text: '' },
    })
    expect(svg).toContain('>13</text>')
    expect(svg).toContain('>0</text>')
  })

  test('one interval that is far wider than all errors does not flatten the bars', () => {
    expect(heightOf(bands([{ ...bar, high: 400 }]))).toBeGreaterThan(heightOf(bands([bar])) / 2)
  })
})

test('a band of few rows that is far worse than the rest goes on beyond the plot, with its error in words', () => {
  const worse = { ...bar, label: '99', rows: 2, error: 40, low: null, high: null, bias: -40, isFew: true }
  const svg = bands([bar, worse])
  expect(svg).toContain('>↑ 40</text>')
  expect(heightOf(svg)).toBeGreaterThan(heightOf(bands([bar])) / 2.5)
  expect(bands([bar, { ...worse, isFew: false }])).not.toContain('↑')
})

describe('curves', () => {
  test('the two series differ by dashes and marks, and what was kept is marked in words', () => {
    const svg = curve([3, 2, 1.5, 1.6], 2)
    expect(pathsOf(svg, 'secondLine').length).toBe(1)
    expect(svg).toMatch(/class="secondLine"[^>]*stroke-dasharray|stroke-dasharray="7 4"/)
    expect(svg).toContain('<circle')
    expect(svg).toContain('>kept: tree 3</text>')
  })

  test('thousands of steps make a small file', () => {
    const long = Array.from({ length: 5_000 }, (_, i) => 1 + 1 / (i + 1) + 0.01 * Math.sin(i))
    expect(curve(long, 4_000).length).toBeLessThan(30_000)
  })

  test('a beginning far above the rest is cut off, and a note says so; a curve without one is drawn whole', () => {
    const settled = Array.from({ length: 20 }, (_, i) => 2 - i * 0.01)
    expect(curve([500, ...settled])).toContain('values above it are cut off')
    expect(curve(settled)).not.toContain('cut off')
  })

  test('whatever the values, every place is a number', () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.oneof(value, fc.constant(Number.NaN)), { minLength: 1, maxLength: 40 }), (values) => {
        const svg = curve(values, 0)
        expect(numbersIn(svg).every(Number.isFinite)).toBe(true)
        expect(svg).not.toMatch(/NaN|Infinity/)
      }),
      { seed: 20_261_122, numRuns: 100 },
    )
  })
})

describe('densities', () => {
  test('a hundred thousand rows make a file under 60 kB, and the fullest squares are the darkest', () => {
    const wave = (i: number): number => 5 + 4 * Math.sin(i * 12.9898) * Math.sin(i * 0.37)
    const across = Float64Array.from({ length: 100_000 }, (_, i) => wave(i))
    const up = Float64Array.from({ length: 100_000 }, (_, i) => wave(i) + wave(i * 7 + 1) - 5)
    const svg = density(across, up)
    expect(svg.length).toBeLessThan(60_000)
    expect(pathsOf(svg, 'shade1').length).toBe(1)
    expect(pathsOf(svg, 'shade5').length).toBe(1)
  })

  test('a row on the far edge is inside, one beyond it is not drawn', () => {
    expect(pathsOf(density([10], [10]), 'shade5')).toHaveLength(1)
    expect(pathsOf(density([10.1], [10]), 'shade5')).toEqual([])
  })
})

test('a name that is too long is cut where everybody sees it', () => {
  expect(ranking()).toMatch(/>a name that is far too long to…<\/text>|>a name that is far[^<]*…<\/text>/)
})
