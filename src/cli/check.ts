// One thing that was looked at: whether it is as it should be, what was found, and what to do where it is not.
import { messageOf } from '../kernel/errors.ts'

export interface Check {
  readonly name: string
  readonly fine: boolean
  readonly found: string
  /** What to do; null where nothing has to be done. */
  readonly cure: string | null
}

export function fine(name: string, found: string): Check {
  return { name, fine: true, found, cure: null }
}

export function wrong(name: string, found: string, cure: string | null): Check {
  return { name, fine: false, found, cure }
}

/** Looks, and takes what is thrown for what is wrong. */
export async function look(name: string, find: () => string | Promise<string>, cure: string): Promise<Check> {
  try {
    return fine(name, await find())
  } catch (error) {
    return wrong(name, messageOf(error), cure)
  }
}

/** One line a check, the cure below it. */
export function checkLines(checks: readonly Check[]): string[] {
  const width = Math.max(0, ...checks.map(({ name }) => name.length))
  return checks.flatMap(({ name, fine: isFine, found, cure }) => [
    `${isFine ? '✅' : '❌'}  ${name.padEnd(width)}  ${found}`,
    ...(cure === null ? [] : [`    ${' '.repeat(width)}  → ${cure}`]),
  ])
}
