// Runs the Python scripts beside this file, each in a process of its own, against a server.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Json } from '../../src/kernel/json.ts'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const run = promisify(execFile)

/**
 * What a script tells: the JSON object in the last such line it prints. `settings` are added to its environment; `MLFLOW_TRACKING_URI` names the server.
 * Throws with what it said if it fails.
 */
export async function runPython(
  python: string,
  script: string,
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Json> {
  const { PATH, HOME } = process.env
  const folder = await mkdtemp(join(tmpdir(), 'understudy-python-'))
  const env = {
    PATH,
    HOME,
    PYTHONWARNINGS: 'ignore',
    MLFLOW_DISABLE_TELEMETRY: 'true',
    MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT: 'true',
    MLFLOW_HTTP_REQUEST_MAX_RETRIES: '1', // a failure of the server is to show, not to be asked again for minutes
    MLFLOW_REQUIREMENTS_INFERENCE_TIMEOUT: '1', // it runs the model in another process, for many seconds, to see what it imports
    GIT_PYTHON_REFRESH: 'quiet',
    MPLBACKEND: 'agg',
    ...settings,
  }
  try {
    // -B: no compiled files beside the scripts. The folder takes what MLflow writes where it stands.
    const { stdout } = await run(python, ['-B', join(FOLDER, script), ...args], {
      cwd: folder,
      env,
      maxBuffer: 2 ** 26,
    })
    return JSON.parse(stdout.split('\n').findLast((line) => line.startsWith('{')) ?? '') // MLflow prints lines of its own
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
