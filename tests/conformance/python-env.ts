// The Python environments of the tests that use other people's clients: what is in each, where they lie, and which are there.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** What every environment holds, each version pinned. `set-up.ts` makes them. */
export const ENVIRONMENTS = {
  'mlflow-3.17.2': ['mlflow==3.17.2', ...beside('onnx==1.23.2')],
  'mlflow-2.22.5': ['mlflow==2.22.5', ...beside('onnx==1.23.2')],
  schemathesis: ['schemathesis==4.32.5'],
} as const satisfies Record<string, readonly string[]>

export type EnvironmentName = keyof typeof ENVIRONMENTS

function beside(onnx: string): readonly string[] {
  return [onnx, 'onnxruntime==1.31.1', 'lightgbm==4.7.0', 'scikit-learn==1.9.1', 'skl2onnx==1.20.0']
}

/** Where they lie: below the checkout, or where UNDERSTUDY_TEST_VENVS says, so that several checkouts can share them. */
export const VENVS = process.env.UNDERSTUDY_TEST_VENVS || fileURLToPath(new URL('../../.venvs', import.meta.url))

/** Whether nothing may be skipped, as in CI. */
export const IS_STRICT = process.env.UNDERSTUDY_TEST_STRICT === '1'

/** Whether what takes minutes is tried too: `make test_full`. */
export const IS_FULL = process.env.UNDERSTUDY_TEST_FULL === '1'

/** What the set-up leaves beside an environment once it stands: what was installed, or why it could not be. */
const State = z.object({ requirements: z.array(z.string()), missing: z.string().nullable() })

export const stateFile = (name: EnvironmentName): string => join(VENVS, `${name}.json`)
export const environmentFolder = (name: EnvironmentName): string => join(VENVS, name)

/** A program of an environment: `python`, `mlflow`. */
export function executable(name: EnvironmentName, program: string): string {
  return process.platform === 'win32'
    ? join(environmentFolder(name), 'Scripts', `${program}.exe`)
    : join(environmentFolder(name), 'bin', program)
}

/** Why an environment cannot be used; null if it can. */
export function whyMissing(name: EnvironmentName): string | null {
  const state = readState(name)
  if (state === null) return 'it was not set up: make test does that'
  if (state.missing !== null) return state.missing
  if (!existsSync(executable(name, 'python'))) return `there is no ${executable(name, 'python')}: make test sets it up`
  const [pinned, installed] = [ENVIRONMENTS[name].join(' '), state.requirements.join(' ')]
  return pinned === installed ? null : 'it holds other versions than the tests need: make test sets it up anew'
}

function readState(name: EnvironmentName): z.infer<typeof State> | null {
  try {
    return State.parse(JSON.parse(readFileSync(stateFile(name), 'utf8')))
  } catch {
    return null
  }
}

/**
 * The python of an environment, for the test whose context this is. Where the environment is missing that test is skipped with the reason;
 * where nothing may be skipped it fails.
 */
export function pythonFor(context: { skip: (note?: string) => never }, name: EnvironmentName): string {
  const missing = whyMissing(name)
  if (missing === null) return executable(name, 'python')
  const reason = `the Python environment ${name} is missing: ${missing}`
  if (IS_STRICT) throw new Error(reason)
  return context.skip(reason)
}
