// Numbers as they are typed and as they are told.
import { z } from 'zod'

/**
 * A whole number from 1, in plain digits: `0x1`, `1e3` and ` 1.0` are none. `what` says of anything else what it has to be:
 * "--version is a number".
 */
export function wholeNumber(what: string) {
  return z
    .string({ error: what })
    .regex(/^\d{1,15}$/, `${what}, in digits alone`)
    .transform(Number)
    .refine((number) => number >= 1, `${what}, at least 1`)
}
