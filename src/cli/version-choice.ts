// Options that name a version: by number, or by stage.
import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'
import type { VersionChoice } from '../lifecycle/evaluate-version.ts'
import { wholeNumber } from './numbers.ts'

export const versionOptions = [
  ['--stage <stage>', 'the version in this stage (default: Production)'],
  ['--version <number>', 'the version of this number'],
] as const

export const VersionArgs = z.object({
  stage: z
    .enum(['None', 'Staging', 'Production', 'Archived'], { error: '--stage is None, Staging, Production or Archived' })
    .optional(),
  version: wholeNumber('--version is a number').optional(),
})

/** Throws `BAD_INPUT` if both are given. */
export function versionChoice(args: z.infer<typeof VersionArgs>): VersionChoice {
  if (args.version !== undefined && args.stage !== undefined) {
    throw new PlannedError('BAD_INPUT', `--version ${args.version} and --stage ${args.stage} name two things`, {
      next: 'give one',
    })
  }
  return args.version === undefined ? { stage: args.stage ?? 'Production' } : { version: args.version }
}
