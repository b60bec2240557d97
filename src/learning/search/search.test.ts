// What every sampler keeps to, and what TPE is worth.
import { expect, test } from 'vitest'
import { nextPoint, SAMPLERS, type SamplerName } from './sampler.ts'
import { canTake, type Point, parseParameter, pointKey, type Space } from './space.ts'
import type { Trial } from './trial.ts'

const spaceOf = (...texts: string[]): Space => texts.map(parseParameter)
const num = (point: Point, name: string): number => Number(point[name])

/** Runs a search to its end: the trials, in order. */
function search(
  sampler: SamplerName,
  space: Space,
  error: (point: Point) => number,
  { trials: count, seed }: { trials: number; seed: number },
  before: readonly Trial[] = [],
): Trial[] {
  const trials = [...before]
  while (trials.length < count) {
    const settings = nextPoint(sampler, { space, trials, seed })
    if (settings === null) break
    trials.push({ settings, state: 'finished', errors: [error(settings)] })
  }
  return trials
}

const bestOf = (trials: readonly Trial[]): number => Math.min(...trials.map(({ errors }) => errors.at(-1)!))

const MIXED = spaceOf('rate=1e-4..1e-1:log', 'leaves=2..300:log', 'depth=1..9', 'share=0.2..1', 'kind=a,b,c')
/** A bowl in mixed units, whose bottom lies off the middle; one kind of three is right. */
const bowl = (point: Point): number =>
  Math.abs(Math.log10(num(point, 'rate') / 0.004)) +
  Math.abs(Math.log(num(point, 'leaves') / 120)) / 3 +
  Math.abs(num(point, 'depth') - 7) / 8 +
  2 * Math.abs(num(point, 'share') - 0.85) +
  { a: 0.6, b: 0, c: 0.9 }[String(point.kind)]!
const PLANE = spaceOf('x=-5..10:float', 'y=0..15:float')
/** Branin's function: three valleys, 0.397887 at the bottom of each. */
const branin = (point: Point): number => {
  const [x, y] = [num(point, 'x'), num(point, 'y')]
  const bend = y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6
  return bend * bend + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10
}

test.each([
  ['a bowl in mixed units', MIXED, bowl],
  ["Branin's function", PLANE, branin],
] as const)('TPE finds better settings than chance does with as many trials: %s', (_, space, error) => {
  const seeds = Array.from({ length: 60 }, (_, seed) => seed)
  const better = seeds.filter((seed) => {
    const options = { trials: 40, seed }
    return bestOf(search('tpe', space, error, options)) < bestOf(search('random', space, error, options))
  }).length
  // Of two that are equally good the one wins 38 or more of 60 games in 2.6 % of all matches, 43 or more in 0.05 %.
  expect(better).toBeGreaterThanOrEqual(43)
})

test.each(SAMPLERS)('%s keeps to bounds and types, and tries nothing twice', (sampler) => {
  const space = sampler === 'grid' ? spaceOf('depth=1..9', 'kind=a,b,c', 'on=true,false') : MIXED
  const trials = search(sampler, space, sampler === 'grid' ? (point) => num(point, 'depth') : bowl, {
    trials: 50,
    seed: 3,
  })
  expect(trials).toHaveLength(50)
  for (const { settings } of trials) {
    expect(Object.keys(settings)).toEqual(space.map(({ name }) => name))
    for (const parameter of space) expect(canTake(parameter, settings[parameter.name]), parameter.name).toBe(true)
  }
  expect(new Set(trials.map(({ settings }) => pointKey(space, settings))).size).toBe(50)
})

test.each(SAMPLERS)('%s goes on from half a search to what the whole one would have tried', (sampler) => {
  const space = sampler === 'grid' ? spaceOf('depth=1..9', 'kind=a,b,c') : MIXED
  const error = (point: Point): number => num(point, 'depth')
  const whole = search(sampler, space, error, { trials: 24, seed: 5 })
  // The history comes back from a journal: other objects, the same JSON.
  const half = JSON.parse(JSON.stringify(whole.slice(0, 13)))
  expect(search(sampler, space, error, { trials: 24, seed: 5 }, half)).toEqual(whole)
  if (sampler !== 'grid') expect(search(sampler, space, error, { trials: 24, seed: 6 })).not.toEqual(whole)
})

test.each(SAMPLERS)('%s has tried every point of a small space before it ends', (sampler) => {
  const space = spaceOf('depth=1..3', 'on=true,false', 'size=[8,4],[16]')
  const trials = search(sampler, space, (point) => num(point, 'depth'), { trials: 99, seed: 1 })
  expect(new Set(trials.map(({ settings }) => pointKey(space, settings))).size).toBe(12)
  expect(trials).toHaveLength(12)
})

test('TPE learns from trials that were pruned or failed: it stays away from where they lie', () => {
  const space = spaceOf('x=0..1:float')
  const trial = (x: number, state: Trial['state'], errors: number[]): Trial => ({ settings: { x }, state, errors })
  const good = [0.1, 0.12, 0.5, 0.55].map((x, at) => trial(x, 'finished', [1 + at]))
  const lost = [0.8, 0.82, 0.85, 0.88, 0.9, 0.95].map((x, at) =>
    trial(x, at < 3 ? 'pruned' : 'failed', at < 3 ? [9] : []),
  )
  const next = Array.from({ length: 20 }, (_, seed) =>
    num(nextPoint('tpe', { space, trials: [...good, ...lost], seed })!, 'x'),
  )
  expect(next.filter((x) => x > 0.7).length).toBeLessThanOrEqual(2) // a third of them by chance
})

test('settings in force that lie outside the space are no hindrance', () => {
  const space = spaceOf('rate=1e-3..1e-1:log')
  const outside: Trial = { settings: { rate: 0.5 }, state: 'finished', errors: [0.01] }
  const trials = search('tpe', space, (point) => num(point, 'rate'), { trials: 30, seed: 0 }, [outside])
  expect(trials).toHaveLength(30)
  for (const { settings } of trials.slice(1)) expect(num(settings, 'rate')).toBeLessThanOrEqual(0.1)
})

test('a grid refuses what has no steps', () => {
  const texts = ['rate=1e-3..1e-1:log', 'leaves=1..9000000']
  for (const text of texts) {
    expect(() => nextPoint('grid', { space: spaceOf(text), trials: [], seed: 0 })).toThrow(
      /no steps for rate|9000000 combinations/,
    )
  }
})
