// Whether this machine and the home can do the work, and whether what is kept is whole.
import { existsSync, statSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { availableParallelism, freemem, totalmem } from 'node:os'
import { basename, dirname } from 'node:path'
import { countText } from '../evaluation/figures.ts'
import { bytesText, freeBytes } from '../kernel/disk.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { readTrainerSettings } from '../lifecycle/trainer-settings.ts'
import { type Check, fine, look, wrong } from './check.ts'
import type { CommandContext } from './command.ts'

/** Half a year of the reference project takes about a fifth of it. */
const NEEDED_BYTES = 500e6
const NEEDED_NODE = 24

export async function machineChecks(): Promise<readonly Check[]> {
  const install = 'make install'
  const major = Number(process.versions.node.split('.')[0])
  return [
    major >= NEEDED_NODE
      ? fine('node', process.version)
      : wrong('node', `${process.version} is older than ${NEEDED_NODE}`, install),
    fine(
      'machine',
      `${process.platform} ${process.arch}, ${availableParallelism()} cores, ${bytesText(totalmem())} of memory, ${bytesText(freemem())} free`,
    ),
    await look('duckdb', async () => (await import('@duckdb/node-api')).version(), install),
    await look('onnxruntime', async () => (await import('onnxruntime-node')).env.versions.common ?? 'loaded', install),
  ]
}

/** Throws what `settings` does: look at those first. */
export async function homeChecks(context: CommandContext): Promise<readonly Check[]> {
  const { home } = context.settings()
  const elsewhere = 'make it one that may be written, or set UNDERSTUDY_HOME to another folder'
  const place = await look('home', () => writable(home), elsewhere)
  const free = freeBytes(home)
  const disk =
    free === null
      ? fine('disk', 'this system does not tell how much is free')
      : free < NEEDED_BYTES
        ? wrong('disk', `${bytesText(free)} free`, `make room: half a gigabyte is needed`)
        : fine('disk', `${bytesText(free)} free`)
  if (!existsSync(home)) return [place, disk]
  const databases = (await context.databases()).map(({ path, faults, moves, cure }) =>
    faults.length > 0
      ? wrong(basename(path), faults.join('; '), cure)
      : fine(
          basename(path),
          moves === null
            ? 'whole'
            : moves === 1
              ? 'whole; the seal of 1 move holds'
              : `whole; the seals of ${countText(moves)} moves hold`,
        ),
  )
  const isWhole = place.fine && databases.every((check) => check.fine)
  const tables = async () => {
    const { warehouse } = await context.rooms({ sendsNotices: false })
    return `${(await warehouse.tables()).length}`
  }
  return [place, disk, ...databases, ...(isWhole ? [await look('tables', tables, './understudy data')] : [])]
}

async function writable(home: string): Promise<string> {
  let there = home
  while (!existsSync(there)) there = dirname(there) // the nearest folder that is there is where the rest would be made
  if (!statSync(there).isDirectory()) throw new Error(`${there} is a file, not a folder`)
  await access(there, constants.W_OK)
  return there === home ? home : `${home}, made by the first command`
}

/** The server that runs and models are kept on, where there is one. Throws what `settings` does: look at those first. */
export async function serverChecks(context: CommandContext): Promise<readonly Check[]> {
  if (context.settings().server === null) return []
  const name = 'MLflow server'
  try {
    const found = await context.server()
    if (found === null) return []
    const { address, version, artifacts } = found
    const through = /^mlflow-artifacts:|^https?:/.test(artifacts) ? 'files go through it' : `files lie at ${artifacts}`
    return [fine(name, `${address} is MLflow ${version}; ${artifacts === '' ? 'nothing is kept there yet' : through}`)]
  } catch (error) {
    if (!isPlanned(error)) throw error
    const { what, why, next } = error
    return [wrong(name, why === null ? what : `${what}: ${why}`, next)]
  }
}

/** The projects there are; two that keep one model, or one that cannot be used or whose trainers cannot learn as told, are wrong. */
export async function projectChecks(context: CommandContext): Promise<readonly Check[]> {
  const places = await context.projects()
  const found = await Promise.all(
    places.map(async ({ name, path, option }) => {
      try {
        const { model, trainerSettings } = (await context.settingsOf(path)).settings
        readTrainerSettings(trainerSettings)
        const way = option === '' ? ', and is the default' : `, with${option}`
        return { check: fine(name, `keeps the model ${model}${way}`), model }
      } catch (error) {
        const [what = ''] = (isPlanned(error) ? error.what : messageOf(error)).split('\n')
        const isOfTrainers = what.startsWith('TRAINER_SETTINGS')
        const cure = isOfTrainers ? 'correct TRAINER_SETTINGS' : `./understudy doctor${option}`
        return { check: wrong(name, what.replace(/:$/, ''), cure), model: null }
      }
    }),
  )
  return found.map((one) => {
    const other = found.find(({ check, model }) => check !== one.check && model !== null && model === one.model)
    if (other === undefined) return one.check
    const cure = 'give one of them another name in its project.ts, or another MLFLOW_MODEL_NAME'
    return wrong(one.check.name, `keeps the model ${one.model}, as ${other.check.name} does`, cure)
  })
}
