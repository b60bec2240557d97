// Makes the Python environments of the tests, once; `make test` runs it first. What cannot be made is said, and its tests are skipped.
import { execFile } from 'node:child_process'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { isGone, OWN_MARK } from '../../src/kernel/process-mark.ts'
import {
  ENVIRONMENTS,
  type EnvironmentName,
  environmentFolder,
  executable,
  IS_STRICT,
  stateFile,
  VENVS,
  whyMissing,
} from './python-env.ts'

const run = promisify(execFile)
const BASE_PYTHON = process.platform === 'win32' ? 'python' : 'python3'

const wanted = (Object.keys(ENVIRONMENTS) as EnvironmentName[]).filter((name) => whyMissing(name) !== null) // its own keys
const missing = (await Promise.all(wanted.map(setUp))).filter((line) => line !== null)
for (const line of missing) console.error(line)
if (missing.length > 0 && !IS_STRICT) console.error('  the tests that need it are skipped; everything else is checked')
if (missing.length > 0 && IS_STRICT) process.exitCode = 1

/** Makes one environment. Returns what to say if that cannot be done. */
async function setUp(name: EnvironmentName): Promise<string | null> {
  await mkdir(VENVS, { recursive: true })
  await using _ = await lock(name)
  if (whyMissing(name) === null) return null // another process made it meanwhile
  const startedAt = performance.now()
  console.error(`setting up the Python environment ${name}, once: ${ENVIRONMENTS[name].join(', ')}`)
  await rm(stateFile(name), { force: true })
  await rm(environmentFolder(name), { recursive: true, force: true })
  const reason = await install(name)
  await writeState(name, reason)
  if (reason !== null) {
    await rm(environmentFolder(name), { recursive: true, force: true })
    return `the Python environment ${name} could not be set up: ${reason}`
  }
  console.error(`the Python environment ${name} stands, after ${Math.round((performance.now() - startedAt) / 1000)} s`)
  return null
}

/** Null, or why it did not work, in a line. */
async function install(name: EnvironmentName): Promise<string | null> {
  try {
    await run(BASE_PYTHON, ['-c', 'import ensurepip, venv'])
  } catch (error) {
    return isAbsent(error)
      ? `there is no ${BASE_PYTHON} on PATH`
      : `${BASE_PYTHON} has no module venv (on Debian: apt-get install python3-venv)`
  }
  try {
    await run(BASE_PYTHON, ['-m', 'venv', environmentFolder(name)])
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '--retries', '2']
    await run(executable(name, 'python'), [...pip, ...ENVIRONMENTS[name]], { maxBuffer: 2 ** 26 })
    return null
  } catch (error) {
    return faultOf(error)
  }
}

/** Written aside and put in place whole: an environment without this file was not finished, and is made again. */
async function writeState(name: EnvironmentName, reason: string | null): Promise<void> {
  const aside = `${stateFile(name)}.${process.pid}`
  await writeFile(aside, `${JSON.stringify({ requirements: ENVIRONMENTS[name], missing: reason })}\n`)
  await rename(aside, stateFile(name))
}

/** One process at a time makes an environment; a lock whose owner is gone is taken over. */
async function lock(name: EnvironmentName): Promise<AsyncDisposable> {
  const path = join(VENVS, `${name}.lock`)
  for (;;) {
    try {
      await writeFile(path, OWN_MARK, { flag: 'wx' })
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const owner = await readFile(path, 'utf8').catch(() => '')
    const ageMs = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs
    const isUnsigned = owner === '' && ageMs > 10_000 // killed before it wrote its mark
    if (isGone(owner) || isUnsigned) await rm(path, { force: true })
    else await sleep(500)
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

/** The line in which pip, or Python, says what went wrong. */
function faultOf(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  const lines = said.split('\n').filter((line) => line.trim() !== '')
  return (lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? 'pip said nothing').trim()
}
