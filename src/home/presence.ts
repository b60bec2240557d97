// Who works in a home: every process leaves a mark there, and a restore one beside it, so that neither begins while the other is at it.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { currentOwner, isGone, type Owner } from '../flow/owner.ts'
import { fileError, systemCode } from '../kernel/disk.ts'
import { PlannedError } from '../kernel/errors.ts'
import { newId } from '../kernel/ids.ts'
import { sha256 } from '../kernel/json.ts'
import { TEMPORARY } from './place.ts'

/** All of a mark is its name: an empty file can be made on a full disk too. */
const MARK = /^at-work\.([0-9a-f]{12})\.(\d+)\.([^.]*)\.[0-9a-f]{8}$/

/** A process that works in a home. */
export interface Worker {
  readonly pid: number
  /** Whether it runs where this process does; another container's number means nothing here. */
  readonly isHere: boolean
  readonly mark: string
}

/**
 * Marks this process as one that works in the home, until disposed of. Throws `CONFLICT` while the home is being restored, or was left
 * half restored.
 */
export function enterHome(home: string): Disposable {
  refuseDuringRestore(home)
  const folder = join(home, TEMPORARY)
  const { machine, pid, started } = currentOwner()
  const mark = join(folder, `at-work.${placeDigest(machine)}.${pid}.${markText(started)}.${newId().slice(0, 8)}`)
  try {
    makeFolder(folder)
    workersIn(home) // takes away the marks of those who were killed
    writeFileSync(mark, '', { flag: 'wx' })
  } catch (error) {
    throw fileError(error, mark) ?? error
  }
  const leave = (): void => rmSync(mark, { force: true })
  try {
    refuseDuringRestore(home) // one that began meanwhile has seen the mark, or is seen here
    return { [Symbol.dispose]: leave }
  } catch (error) {
    leave()
    throw error
  }
}

/** The processes that work in a home. Marks of those that are gone are removed where they can be. */
export function workersIn(home: string): readonly Worker[] {
  const folder = join(home, TEMPORARY)
  const here = currentOwner().machine
  return namesIn(folder).flatMap((name) => {
    const [, digest, pid, started] = MARK.exec(name) ?? []
    if (digest === undefined) return []
    const mark = join(folder, name)
    const isHere = digest === placeDigest(here)
    const worker: Worker = { pid: Number(pid), isHere, mark }
    const owner: Owner = { machine: here, pid: worker.pid, started: startedOf(started ?? '') }
    if (!isHere || !isGone(owner)) return [worker]
    removeQuietly(mark)
    return []
  })
}

/** What a restore leaves beside the home while it is at work. */
const RestoreMark = z.object({
  owner: z.object({ machine: z.string(), pid: z.number(), started: z.string().nullable() }),
  backup: z.string(),
  /** Until it swaps nothing has been moved. */
  phase: z.enum(['copying', 'swapping']),
})

/** The right to replace a home. */
export interface RestoreLock extends Disposable {
  /** From here on a process that dies leaves a home that must be restored again. */
  beginSwap(): void
}

/** Takes it. Throws `CONFLICT` while another restore, or any process, is at work there. */
export function lockForRestore(home: string, backup: string): RestoreLock {
  const path = markBeside(home)
  const write = (phase: 'copying' | 'swapping', flag: 'w' | 'wx'): void =>
    writeFileSync(path, JSON.stringify({ owner: currentOwner(), backup, phase }), { flag })
  const other = restoreAt(home)
  if (other !== null && !isGone(other.owner)) throw beingRestored(home, other.owner.pid)
  const release = (): void => rmSync(path, { force: true })
  try {
    mkdirSync(dirname(path), { recursive: true })
    if (other !== null) release()
    write('copying', 'wx')
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw beingRestored(home, null)
    throw fileError(error, path) ?? error
  }
  const [worker] = workersIn(home)
  if (worker !== undefined) {
    release()
    throw inUse(home, worker)
  }
  return { beginSwap: () => write('swapping', 'w'), [Symbol.dispose]: release }
}

/** Throws `CONFLICT` if a home is being restored, or a restore died while it swapped. */
export function refuseDuringRestore(home: string): void {
  const restore = restoreAt(home)
  if (restore === null) return
  if (!isGone(restore.owner)) throw beingRestored(home, restore.owner.pid)
  if (restore.phase === 'copying') return
  throw new PlannedError('CONFLICT', `${home} was left half restored`, {
    why: `process ${restore.owner.pid} ended while it put the backup ${restore.backup} in place`,
    next: `run it again: ./understudy restore ${restore.backup} --replace; what was there before lies beside it`,
    facts: { home, backup: restore.backup },
  })
}

function restoreAt(home: string): z.infer<typeof RestoreMark> | null {
  const path = markBeside(home)
  if (!existsSync(path)) return null
  try {
    return RestoreMark.parse(JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null // just being written, or cut off by a crash: before anything was moved
  }
}

function markBeside(home: string): string {
  return `${home}.restoring.json`
}

function beingRestored(home: string, pid: number | null): PlannedError {
  return new PlannedError('CONFLICT', `${home} is being restored${pid === null ? '' : ` by process ${pid}`}`, {
    next: `wait until that has ended, then run this again; if nothing restores it any more, remove ${markBeside(home)}`,
    facts: { home, pid },
  })
}

function inUse(home: string, { pid, isHere, mark }: Worker): PlannedError {
  const next = isHere
    ? 'wait until it has ended, or stop it, then run this again'
    : `see that nothing works there any more, remove ${mark}, then run this again`
  return new PlannedError('CONFLICT', `${home} is in use`, {
    why: isHere
      ? `process ${pid} works in it`
      : `process ${pid} of another machine or container works in it, or died in it`,
    next,
    facts: { home, pid },
  })
}

/** Not `recursive`: on a disk that can only be read that says "no such file". */
function makeFolder(path: string): void {
  try {
    mkdirSync(path)
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
  }
}

/** A machine's name is long, and may hold anything. */
function placeDigest(machine: string): string {
  return sha256(machine).slice(0, 12)
}

/** When a process started, as a part of a file's name. Where the system tells it as a date, that has characters a name may not have. */
function markText(started: string | null): string {
  return started === null ? '' : Buffer.from(started).toString('base64url')
}

function startedOf(text: string): string | null {
  return text === '' ? null : Buffer.from(text, 'base64url').toString()
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return [] // no such folder, or none that can be looked into: nobody can have left a mark
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // Somebody else's, or on a disk that can only be read: it stays, and is known to be gone all the same.
  }
}
