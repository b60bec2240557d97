import { describe, expect, test } from 'vitest'
import { consoleNotifier } from './console.ts'
import { notifierContract } from './notifier.contract.ts'

for (const [kind, pauseMs] of [
  ['at once', null],
  ['slower and slower', 3],
] as const) {
  describe(`a writer that answers ${kind}`, () => {
    notifierContract(() => {
      const lines: string[] = []
      let refuses = false
      let pause = pauseMs ?? 0
      const take = (line: string): void => {
        if (refuses) {
          refuses = false
          throw new Error('the pipe is closed')
        }
        lines.push(line)
      }
      const slowly = async (line: string): Promise<void> => {
        pause = Math.max(0, pause - 1) // the earlier a notice, the longer it takes
        await new Promise((resolve) => setTimeout(resolve, pause))
        take(line)
      }
      return {
        notifier: consoleNotifier(pauseMs === null ? take : slowly),
        arrived: () => lines,
        refuseNext: () => {
          refuses = true
        },
        hangNext: null,
      }
    })
  })
}

test('the failure says what was not printed and why', async () => {
  const notifier = consoleNotifier(() => {
    throw new Error('EPIPE')
  })
  await expect(notifier.send({ text: 'hello' })).rejects.toThrow('the console did not take "hello": EPIPE')
})
