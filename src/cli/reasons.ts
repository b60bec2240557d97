// Who decides and why, as options of every command that a person answers for: one line each, as they are kept and shown for ever.
import { z } from 'zod'
import { oneLine } from '../notify/in-turn.ts'

const MOST_LETTERS = 2_000
const MOST_OF_A_NAME = 100

export const whyOption = ['--why <reason>', 'the reason, kept for ever (required)'] as const
export const byOption = ['--by <name>', 'who decides (default: you)'] as const

/** Control characters and line breaks become spaces. */
export const Why = z
  .string({ error: '--why says the reason; it is kept for ever' })
  .transform(oneLine)
  .pipe(
    z
      .string()
      .min(1, '--why says the reason; it is kept for ever')
      .max(MOST_LETTERS, `--why has at the most ${MOST_LETTERS} letters; write the rest where it can be linked to`),
  )

export const By = z
  .string()
  .transform(oneLine)
  .pipe(
    z.string().min(1, '--by is a name').max(MOST_OF_A_NAME, `--by is a name, of at the most ${MOST_OF_A_NAME} letters`),
  )
  .optional()
