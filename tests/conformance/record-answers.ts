// Asks the real `mlflow server` what the scripts beside this file ask, and keeps its answers in tests/golden/mlflow-answers.json:
//   make test && node launcher.mjs --node tests/conformance/record-answers.ts
import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../../src/kernel/json.ts'
import { SCRIPTS } from './answers.ts'
import { runPython } from './python.ts'
import { executable } from './python-env.ts'
import { startMlflow } from './servers.ts'

const python = executable('mlflow-3.17.2', 'python')
const answers: Record<string, Json> = {}
for (const script of Object.keys(SCRIPTS)) {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'understudy-mlflow-'))
  await using server = await startMlflow(python, folder.path)
  answers[script] = await runPython(python, `${script}.py`, [], { MLFLOW_TRACKING_URI: server.address })
}
const target = new URL('../golden/mlflow-answers.json', import.meta.url)
await writeFile(target, `${JSON.stringify(answers, null, 1)}\n`)
