// The Python environment that the benchmarks of training compare with, made on first use.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VENVS } from '../tests/conformance/python-env.ts'

const REQUIREMENTS = [
  'tensorflow==2.21.0',
  'keras==3.15.1',
  'tensorboard==2.21.0',
  'mlflow==3.17.2',
  'lightgbm==4.7.0',
  'numpy==2.4.6',
]

/**
 * The interpreter that `given` names, or else that of an environment with TensorFlow, Keras, MLflow and LightGBM: some 3 GB, made
 * once. Throws what Python says if it cannot be made.
 */
export function trainingPython(given: string | undefined): string {
  if (given) return given
  const folder = join(VENVS, 'training')
  const python = process.platform === 'win32' ? join(folder, 'Scripts', 'python.exe') : join(folder, 'bin', 'python')
  const mark = join(folder, 'requirements.json')
  const wanted = JSON.stringify(REQUIREMENTS)
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted) return python
  console.log(`making a Python environment once, which takes minutes: ${REQUIREMENTS.join(', ')}`)
  rmSync(folder, { recursive: true, force: true })
  const base = process.platform === 'win32' ? 'python' : 'python3'
  execFileSync(base, ['-m', 'venv', folder], { stdio: ['ignore', 'inherit', 'inherit'] })
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', ...REQUIREMENTS]
  execFileSync(python, install, { stdio: ['ignore', 'inherit', 'inherit'] })
  writeFileSync(mark, wanted)
  return python
}
