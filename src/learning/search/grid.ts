// The grid: every combination once, in order.
import { PlannedError } from '../../kernel/errors.ts'
import { type Point, parameterText, pointAt, pointCount, pointKey, type Space } from './space.ts'
import type { Situation } from './trial.ts'

/** More points than anybody would wait for. */
const MOST = 1_000

/** The first combination that was not tried; null once all were. Throws `BAD_INPUT` for a space that has no or too many combinations. */
export function gridPoint({ space, trials }: Situation): Point | null {
  const count = gridSize(space)
  const tried = new Set(trials.map(({ settings }) => pointKey(space, settings)))
  for (let place = 0; place < count; place++) {
    const point = pointAt(space, place)
    if (!tried.has(pointKey(space, point))) return point
  }
  return null
}

/** How many combinations a grid has. Throws `BAD_INPUT` if they cannot be counted, or are too many. */
export function gridSize(space: Space): number {
  const range = space.find(({ kind }) => kind === 'float')
  if (range !== undefined) {
    throw new PlannedError('BAD_INPUT', `a grid has no steps for ${parameterText(range)}`, {
      next: `list the values to try, as in ${range.name}=0.1,0.2, or use another sampler`,
    })
  }
  const count = pointCount(space)
  if (count <= MOST) return count
  throw new PlannedError('BAD_INPUT', `this grid has ${count} combinations, and ${MOST} is the most`, {
    next: 'list fewer values, or use another sampler',
  })
}
