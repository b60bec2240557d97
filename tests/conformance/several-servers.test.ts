// The real `mlflow server`, two of ours and the command line write to one file at once: nobody is told that it is locked, and nothing is lost.
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { openProgram } from '../end-to-end/program.ts'
import { rowsOf } from '../end-to-end/whole-home.ts'
import { pythonFor } from './python-env.ts'
import { ask } from './rest.ts'
import { startMlflow, startUnderstudy } from './servers.ts'

const WRITE_MS = 5_000
const FIXTURE = fileURLToPath(new URL('../end-to-end/eventful.fixture.ts', import.meta.url))
const Made = z.object({ run: z.object({ info: z.object({ run_id: z.string() }) }) })

interface Point {
  readonly key: string
  readonly value: number
  readonly step: number
  readonly timestamp: number
}

test('the real server, two of ours and commands on one file: every write is there, and every latest value is the latest', {
  timeout: 180_000,
}, async (context) => {
  const python = pythonFor(context, 'mlflow-3.17.2')
  const settings = { UNDERSTUDY_PROJECT: FIXTURE, TRAINERS: 'linear', TRAIN_WINDOW: 'month' }
  await using program = await openProgram(settings)
  await program.json(['cycle', '--month', '2020-04'])
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-mlflow-'))
  const uri = `sqlite:///${join(program.home, 'mlflow.db')}`
  await using theirs = await startMlflow(python, folder.path, { args: ['--workers', '2', '--backend-store-uri', uri] })
  await using ours = await startUnderstudy(program.home, { settings })
  await using another = await startUnderstudy(program.home, { settings })
  const made = await ask(ours.address, 'POST', 'runs/create', { experiment_id: '0', start_time: 1 })
  const { run_id } = Made.parse(made).run.info
  const untilMs = Date.now() + WRITE_MS
  // Each writer has a key of its own; the two of ours have one in common besides. MLflow reads a latest value before it writes the next, so
  // a key that it shared with anybody could lose one by its own doing.
  const lanes = [
    ...[theirs, theirs, ours, ours, another, another].map((server, lane) =>
      write(server.address, run_id, `lane ${lane}`, lane, untilMs),
    ),
    ...[ours, another].map((server, lane) => write(server.address, run_id, 'common', 10 + lane, untilMs)),
  ]
  const commands = (async () => {
    for (let version = 1; Date.now() < untilMs; version = 3 - version) {
      const { code, err } = await program.run([
        'promote',
        'deliveries',
        '--version',
        String(version),
        '--why',
        'to and fro',
      ])
      expect(code, err).toBe(0)
    }
  })()
  const written = (await Promise.all(lanes)).flat()
  await commands
  expect(written.length).toBeGreaterThan(100)
  const rows = rowsOf(
    program.home,
    'mlflow.db',
    `select key, value, timestamp, step from metrics where run_uuid = '${run_id}'`,
  )
  expect(sorted(rows.map(pointOf))).toEqual(sorted(written))
  const latest = rowsOf(
    program.home,
    'mlflow.db',
    `select key, value, timestamp, step from latest_metrics where run_uuid = '${run_id}'`,
  )
  expect(sorted(latest.map(pointOf))).toEqual(sorted([...latestOf(written).values()]))
  for (const { said } of [theirs, ours, another]) expect(said()).not.toMatch(/locked|OperationalError/)
})

/** Writes point after point, one or a batch at a time, until the time is over. Throws for any answer but a success. */
async function write(address: string, run_id: string, key: string, seed: number, untilMs: number): Promise<Point[]> {
  const written: Point[] = []
  for (let turn = 0; Date.now() < untilMs; turn++) {
    // Steps go up and down: the latest is the highest, not the last.
    const points = Array.from({ length: turn % 3 === 0 ? 20 : 1 }, (_, index) => ({
      key,
      value: seed * 1000 + turn + index / 32,
      step: ((turn * 37 + index * 11) % 1009) + seed,
      timestamp: 1_700_000_000_000 + turn,
    }))
    if (points.length === 1) await ask(address, 'POST', 'runs/log-metric', { run_id, ...points[0] })
    else await ask(address, 'POST', 'runs/log-batch', { run_id, metrics: points })
    written.push(...points)
  }
  return written
}

function latestOf(points: readonly Point[]): Map<string, Point> {
  const latest = new Map<string, Point>()
  for (const point of points) {
    const known = latest.get(point.key)
    if (known === undefined || isLater(point, known)) latest.set(point.key, point)
  }
  return latest
}

function isLater(point: Point, known: Point): boolean {
  const order = [point.step - known.step, point.timestamp - known.timestamp, point.value - known.value]
  return (order.find((difference) => difference !== 0) ?? 0) > 0
}

function pointOf({ key, value, step, timestamp }: Record<string, unknown>): Point {
  return { key: String(key), value: Number(value), step: Number(step), timestamp: Number(timestamp) }
}

const sorted = (points: readonly Point[]): string[] =>
  points.map(({ key, value, step, timestamp }) => `${key} ${step} ${timestamp} ${value}`).sort()
