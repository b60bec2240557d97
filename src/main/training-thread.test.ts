import { existsSync } from 'node:fs'
import { mkdtempDisposable, readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { processedSchema } from '../features/select.ts'
import { monthsOf } from '../kernel/window.ts'
import type { TrainingRequest } from '../lifecycle/rooms.ts'
import { loadProject } from './load-project.ts'
import { openWarehouse } from './open-warehouse.ts'
import { trainInThread } from './training-thread.ts'

const PROJECT = fileURLToPath(new URL('../../tests/deliveries/project.ts', import.meta.url))
const WINDOW = { fromMs: Date.UTC(2020, 0), toMs: Date.UTC(2020, 6) }
const ROWS_A_MONTH = 150_000

/** A home whose processed table has 900 thousand rows, with the features of the project and nothing to learn. */
async function makeTable(home: string): Promise<void> {
  const { specification } = await loadProject(PROJECT)
  const schema = processedSchema(specification('utc'))
  await using warehouse = await openWarehouse(home)
  const batches = monthsOf(WINDOW).map((month) => {
    const column = (name: string) =>
      Float64Array.from({ length: ROWS_A_MONTH }, (_, row) =>
        name === 'left_at' ? Date.parse(`${month}-01`) + row * 1_000 : (row * 7 + name.length) % 20,
      )
    return { rows: ROWS_A_MONTH, columns: Object.fromEntries(schema.columns.map(({ name }) => [name, column(name)])) }
  })
  await warehouse.write('parcels', batches, { schema, origin: 'made up', others: 'drop' })
}

function requestOf(trainer: string): TrainingRequest {
  const stopFromMs = Date.UTC(2020, 5, 2)
  return {
    ...{ table: 'parcels', trainer, seed: 0, steps: null, timeReading: 'utc', warmStart: null, metadata: {} },
    fit: { fromMs: WINDOW.fromMs, toMs: stopFromMs },
    earlyStop: { fromMs: stopFromMs, toMs: WINDOW.toMs },
    settings: trainer === 'mlp' ? { epochs: 1_000, patience: 1_000 } : { trees: 10_000, patience: 10_000 },
  }
}

const threads = async (): Promise<number> =>
  existsSync('/proc/self/task') ? (await readdir('/proc/self/task')).length : 0
const rssMib = (): number => process.memoryUsage().rss / 2 ** 20

test.each(['mlp', 'trees'])(
  'a training of %s that is called off stops within a second and leaves nothing behind',
  { timeout: 60_000 },
  async (trainer) => {
    await using home = await mkdtempDisposable(join(tmpdir(), 'understudy-called-off-'))
    await makeTable(home.path)
    const train = trainInThread({ home: home.path, projectPath: PROJECT })
    const before = { threads: await threads(), rssMib: rssMib() }
    for (const when of ['it reads', 'it learns'] as const) {
      const stop = new AbortController()
      const calledOff = Promise.withResolvers<number>()
      const callOff = (): void => {
        calledOff.resolve(performance.now())
        stop.abort()
      }
      if (when === 'it reads') setTimeout(callOff, 400)
      const training = train(requestOf(trainer), {
        signal: stop.signal,
        onEpoch: () => undefined,
        onProgress: ({ done }) => done > 0 && setTimeout(callOff, 50),
        log: () => undefined,
      })
      await expect(training).rejects.toMatchObject({ code: 'CANCELLED' })
      const tookMs = performance.now() - (await calledOff.promise)
      expect(tookMs, when).toBeLessThan(1_500) // 0.02 to 0.3 s on a busy machine; a thread that does not hear is ended after 4 s
      expect((await readdir(join(home.path, 'tmp'))).filter((name) => name.includes('training'))).toEqual([])
    }
    expect(await threads()).toBeLessThanOrEqual(before.threads)
    expect(rssMib() - before.rssMib).toBeLessThan(150) // of 400 that the thread's DuckDB alone may take
  },
)
