// A process of the kill tests: runs a flow of five tasks, and kills itself where it is told to.
// Arguments, as JSON: { folder, key } and those below. Writes its result to stdout as JSON.
import { appendFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { systemClock } from '../kernel/clock.ts'
import { openEmbeddedEngine } from './embedded.ts'
import { flow } from './flow.ts'
import type { FlowEvent, TaskBody, TaskContext } from './port.ts'

const Arguments = z.object({
  folder: z.string(),
  key: z.string(),
  /** A point as `pass` names them: the process kills itself the first time it comes by. */
  killAt: z.string().optional(),
  /** As `killAt`, but it only stops, until it is sent SIGCONT. */
  stopAt: z.string().optional(),
  leaseMs: z.number().optional(),
  /** Task `first` waits until this file exists. */
  holdFile: z.string().optional(),
  taskMs: z.number().default(0),
})
const argv = Arguments.parse(JSON.parse(process.argv[2] ?? '{}'))

/** Notes the point in the order file, and dies there if it is the one. */
function pass(point: string): void {
  appendFileSync(join(argv.folder, `${argv.key}.order`), `${point}\n`)
  if (point === argv.killAt) process.kill(process.pid, 'SIGKILL')
  if (point === argv.stopAt) process.kill(process.pid, 'SIGSTOP')
}

/** The world the tasks change: an effect is stored once under its key, together with the process and the value. */
const world = new DatabaseSync(join(argv.folder, 'world.db'), { timeout: 5_000 })
world.exec('pragma journal_mode = wal; create table if not exists effects (effect_key text primary key, value integer)')

function addTo(name: string): TaskBody<{ value: number; plus: number }, { value: number }> {
  return async ({ value, plus }, context) => {
    await wait(name, context)
    const result = value + plus
    world.prepare('insert or ignore into effects values (?, ?)').run(context.effectKey, result)
    pass(`effect ${name}`)
    return { value: result }
  }
}

async function wait(name: string, { signal }: TaskContext): Promise<void> {
  await sleep(argv.taskMs)
  while (name === 'first' && argv.holdFile !== undefined && !existsSync(argv.holdFile)) {
    signal.throwIfAborted()
    await sleep(10)
  }
}

/** From 1: first 11, then left 111 and right 1011 at once, then join 1122, then last 1123. */
const five = flow<null>()({
  name: 'five',
  version: 1,
  input: z.object({ start: z.int() }),
  async run({ task }, { start }) {
    const first = await task('first', { value: start, plus: 10 }, addTo('first'))
    const [left, right] = await Promise.all([
      task('left', { ...first, plus: 100 }, addTo('left')),
      task('right', { ...first, plus: 1_000 }, addTo('right')),
    ])
    const join = await task('join', { value: left.value, plus: right.value }, addTo('join'))
    return task('last', { ...join, plus: 1 }, addTo('last'))
  },
})

function onEvent(event: FlowEvent): void {
  const subject = 'task' in event ? ` ${event.task}` : ''
  pass(`${event.kind}${subject}${'replayed' in event && event.replayed ? ' again' : ''}`)
}

const databasePath = join(argv.folder, 'flow.db')
const lease = argv.leaseMs === undefined ? {} : { leaseMs: argv.leaseMs }
await using engine = await openEmbeddedEngine({ databasePath, clock: systemClock, ...lease })
try {
  const { output, replayed } = await engine.run(five, null, { start: 1 }, { key: argv.key, onEvent })
  console.log(JSON.stringify({ output, replayed }))
} catch (error) {
  const { code, message } = error as { code?: string; message: string } // the engine throws errors
  console.log(JSON.stringify({ code, message }))
}
