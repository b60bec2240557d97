// What every channel does alike: one notice after the other, each on one line.

/** Runs jobs one after the other, in the order they were handed in. One that fails holds nobody up: only its own caller has the failure. */
export function inTurn(): <T>(job: () => T | Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve()
  return (job) => {
    const done = last.then(job)
    last = done.catch(() => undefined)
    return done
  }
}

/**
 * A text as one line: line breaks and control characters become spaces, as what a project or a file is called must not move a terminal's
 * cursor or begin another message.
 *
 * @example oneLine('first\nsecond ') // => 'first second'
 */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}
