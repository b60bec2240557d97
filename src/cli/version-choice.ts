// Options that name a version: by number, by stage, or by alias.
import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import type { VersionChoice } from '../lifecycle/evaluate-version.ts'
import { wholeNumber } from './numbers.ts'

export const versionOptions = [
  ['--stage <stage>', 'the version in this stage (default: Production)'],
  ['--version <number>', 'the version of this number'],
  ['--alias <alias>', 'the version this alias stands for'],
] as const

export const VersionArgs = z.object({
  stage: z
    .enum(['None', 'Staging', 'Production', 'Archived'], { error: '--stage is None, Staging, Production or Archived' })
    .optional(),
  version: wholeNumber('--version is a number').optional(),
  alias: z.string().optional(),
})

/** Throws `BAD_INPUT` if more than one is given. */
export function versionChoice({ stage, version, alias }: z.infer<typeof VersionArgs>): VersionChoice {
  const given = Object.entries({ version, stage, alias }).filter(([, value]) => value !== undefined)
  if (given.length > 1) {
    const named = given.map(([name, value]) => `--${name} ${value}`).join(' and ')
    throw new PlannedError('BAD_INPUT', `${named} name ${given.length === 2 ? 'two' : 'three'} things`, {
      next: 'give one',
    })
  }
  if (alias !== undefined) return { alias }
  return version === undefined ? { stage: stage ?? 'Production' } : { version }
}
