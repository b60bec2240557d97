// The samplers there are: what each would try next.
import { gridPoint } from './grid.ts'
import { randomPoint, untried } from './random.ts'
import type { Point } from './space.ts'
import { tpePoint } from './tpe.ts'
import type { Situation } from './trial.ts'

export const SAMPLERS = ['tpe', 'random', 'grid'] as const
export type SamplerName = (typeof SAMPLERS)[number]

/** The settings to try next, none that were tried before; null once all there are have been. Throws `BAD_INPUT` as `gridPoint` does. */
export function nextPoint(sampler: SamplerName, situation: Situation): Point | null {
  switch (sampler) {
    case 'grid':
      return gridPoint(situation)
    case 'random':
      return untried(situation, (random) => randomPoint(situation.space, random))
    case 'tpe':
      return tpePoint(situation)
  }
}
