// What is searched unless something else is asked for, by trainer.
import { PlannedError } from '../../kernel/errors.ts'
import type { SamplerName } from './sampler.ts'
import { parseParameter, type Space } from './space.ts'

/** Around what each trainer does by itself, an order of magnitude and more to either side where that matters. */
const SPACES: Readonly<Record<string, readonly string[]>> = {
  mlp: [
    'learningRate=1e-4..1e-2:log',
    'batchSize=64,128,256,512',
    'patience=2..8',
    'dropout=0.0..0.4',
    'l1=1e-4..1e-1:log',
  ],
  trees: [
    'learningRate=0.02..0.2:log',
    'leaves=15..255:log',
    'minLeafRows=5..200:log',
    'lambda=0.01..30:log',
    'rowShare=0.5..1.0',
    'columnShare=0.4..1.0',
  ],
  linear: ['ridge=1e-10..1e-1:log'],
}

/** The three settings that the recipe has for tuning by hand, its own values among them. */
const GRIDS: Readonly<Record<string, readonly string[]>> = {
  mlp: ['batchSize=64,128,256', 'learningRate=0.00025,0.0005,0.001', 'patience=2,4'],
}

/** Throws `BAD_INPUT` for a trainer that has none. */
export function defaultSpace(trainer: string, sampler: SamplerName): Space {
  const texts = (sampler === 'grid' ? GRIDS : SPACES)[trainer]
  if (texts !== undefined) return texts.map(parseParameter)
  throw new PlannedError('BAD_INPUT', `there is no usual ${sampler === 'grid' ? 'grid' : 'space'} for ${trainer}`, {
    next: 'say what to try, as in --space NAME=VALUE,VALUE',
  })
}
