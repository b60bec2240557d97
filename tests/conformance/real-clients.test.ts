// The real clients of MLflow against Understudy's server: what they are answered is what the real server answers (record-answers.ts).
import { mkdtempDisposable, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { answersOfMlflow2, SCRIPTS, type Script } from './answers.ts'
import { runPython } from './python.ts'
import { IS_FULL, pythonFor } from './python-env.ts'
import { peakMb, startMlflow, startUnderstudy } from './servers.ts'

const GOLDEN = new URL('../golden/mlflow-answers.json', import.meta.url)
const recorded = z.record(z.string(), z.json()).parse(JSON.parse(await readFile(GOLDEN, 'utf8')))
const scripts = Object.entries(SCRIPTS) as [Script, string][] // its own keys
const CLIENTS = ['mlflow-3.17.2', 'mlflow-2.22.5'] as const
const LIMIT_MS = 180_000

describe.each(CLIENTS)('with the client of %s', (client) => {
  const isOld = client === 'mlflow-2.22.5'

  test.for(scripts)('%s: %s', { timeout: LIMIT_MS }, async ([script], context) => {
    const python = pythonFor(context, client)
    await using home = await mkdtempDisposable(join(tmpdir(), 'understudy-home-'))
    await using server = await startUnderstudy(home.path)
    const told = await runPython(python, `${script}.py`, isOld ? ['2'] : [], { MLFLOW_TRACKING_URI: server.address })
    const answers = recorded[script] ?? null
    expect(told).toEqual(isOld ? answersOfMlflow2(script, answers) : answers)
    expect(server.said()).not.toMatch(/error|failed/i)
  })
})

test('an artifact of 200 MB goes up and down unchanged, and the server holds little of it at once', {
  timeout: LIMIT_MS,
}, async (context) => {
  const python = pythonFor(context, 'mlflow-3.17.2')
  await using home = await mkdtempDisposable(join(tmpdir(), 'understudy-home-'))
  await using server = await startUnderstudy(home.path)
  const settings = { MLFLOW_TRACKING_URI: server.address }
  await runPython(python, 'big_artifact.py', ['1'], settings)
  const before = peakMb(server.child.pid ?? 0)
  const told = await runPython(python, 'big_artifact.py', ['200'], settings)
  expect(told).toMatchObject({ bytes: 200_000_000, unchanged: true })
  expect(peakMb(server.child.pid ?? 0) - before).toBeLessThan(100)
})

// Whether the answers kept are still what the real server gives.
test.runIf(IS_FULL).for(scripts)('the real server itself, %s: %s', { timeout: LIMIT_MS }, async ([script], context) => {
  const python = pythonFor(context, 'mlflow-3.17.2')
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-mlflow-'))
  await using server = await startMlflow(python, folder.path)
  const told = await runPython(python, `${script}.py`, [], { MLFLOW_TRACKING_URI: server.address })
  expect(told).toEqual(recorded[script])
})
