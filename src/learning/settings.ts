// Settings come as JSON from a command line, a journal or another version of this program: they are parsed where they enter.
import { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'

/** Settings of a trainer, checked. Throws `BAD_INPUT` naming each setting that is wrong. */
export function parseSettings<Settings>(trainer: string, schema: z.ZodType<Settings>, settings: unknown): Settings {
  const parsed = schema.safeParse(settings)
  if (parsed.success) return parsed.data
  throw new PlannedError(
    'BAD_INPUT',
    `the settings of ${trainer} are not right: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`,
    { next: 'correct them and train again' },
  )
}
