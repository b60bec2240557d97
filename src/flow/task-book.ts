// The tasks of one flow run: each name once, none after the end, none left behind.
import { canonicalJson, type Json } from '../kernel/json.ts'
import { describeDifference, fromJournal, journalText } from './journal-text.ts'
import type { TaskBody, TaskOptions } from './port.ts'
import { type RunScope, runTask } from './task-runner.ts'

interface Entry {
  readonly input: Json
  readonly output: Promise<Json>
}

/** `task` is what the flow function calls; the rest tells and ends what it began. */
export function taskBook(scope: RunScope, flow: string) {
  const entries = new Map<string, Entry>()
  const running = new Set<string>()
  let isClosed = false
  let isCutShort = false

  const begin = async <Output extends Json>(name: string, work: () => Promise<Output>): Promise<Output> => {
    running.add(name)
    try {
      return await work()
    } catch (error) {
      if (scope.stop.aborted && error === scope.stop.reason) isCutShort = true
      throw error
    } finally {
      running.delete(name)
    }
  }
  return {
    async task<Input extends Json, Output extends Json>(
      name: string,
      input: Input,
      body: TaskBody<Input, Output>,
      options: TaskOptions = {},
    ): Promise<Output> {
      if (isClosed) throw new Error(`task "${name}" was begun after flow ${flow} had ended`)
      const inputText = journalText(input, `the input of task "${name}"`)
      const known = entries.get(name)
      if (known !== undefined) return sameTask<Output>(known, name, fromJournal(inputText), flow)
      const output = begin(name, () => runTask(scope, { name, inputText, body, options }))
      output.catch(() => undefined) // the flow function is told; when it does not listen, that is no reason to crash
      entries.set(name, { input: fromJournal(inputText), output })
      return output
    },
    running: (): readonly string[] => [...running],
    /** Whether a task was refused or broken off because the run was told to stop. */
    wasCutShort: (): boolean => isCutShort,
    /** Takes no more tasks, and waits for those that run. */
    async close(): Promise<void> {
      isClosed = true
      await Promise.allSettled([...entries.values()].map((entry) => entry.output))
    },
  }
}

function sameTask<Output extends Json>(known: Entry, name: string, input: Json, flow: string): Promise<Output> {
  if (canonicalJson(known.input) !== canonicalJson(input)) {
    const difference = describeDifference(known.input, input)
    throw new Error(`flow ${flow} uses the task name "${name}" twice (${difference}); give each task its own name`)
  }
  return known.output as Promise<Output> // the same task with the same input, so the same output
}
