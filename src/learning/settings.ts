// Settings come as JSON from a command line, a journal or another version of this program: they are parsed where they enter.
import type { z } from 'zod'
import { PlannedError } from '../kernel/errors.ts'

/** Settings of a trainer, checked. Throws `BAD_INPUT` naming each setting that is wrong. */
export function parseSettings<Settings>(trainer: string, schema: z.ZodType<Settings>, settings: unknown): Settings {
  const parsed = schema.safeParse(settings)
  if (parsed.success) return parsed.data
  const wrong = parsed.error.issues.map(({ path: [name], message }) =>
    name === undefined ? message : `${snakeCase(String(name))}: ${message}`,
  )
  throw new PlannedError('BAD_INPUT', `the settings of ${trainer} are not right: ${wrong.join('; ')}`, {
    next: 'correct them and train again',
  })
}

/** `learningRate` and `beta1` as MLflow's params have them: `learning_rate`, `beta_1`. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z0-9]+/g, (part) => `_${part.toLowerCase()}`)
}
