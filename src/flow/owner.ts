// Who holds a run: a process, told apart from a later one that was given the same number.
import { execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** A process as the journal names it. */
export interface Owner {
  /** Where its number means anything: the host, its boot and its container. */
  readonly machine: string
  readonly pid: number
  /** When it started, in whatever form this system tells it; null where it does not. */
  readonly started: string | null
}

/** The process this code runs in. */
export function currentOwner(): Owner {
  return { machine: machineName(), pid: process.pid, started: startOf(process.pid) ?? null }
}

/**
 * Whether an owner is certainly gone: it ran on this machine, and no process has its number, or a younger one has it.
 * False if it lives, and false if that cannot be seen from here.
 */
export function isGone(owner: Owner): boolean {
  if (owner.machine !== machineName()) return false
  const started = startOf(owner.pid)
  if (started === undefined) return true
  return started !== null && owner.started !== null && started !== owner.started
}

/** When a process started; null where this system does not tell, undefined if there is no such process. */
function startOf(pid: number): string | null | undefined {
  try {
    process.kill(pid, 0) // sends nothing, only asks
  } catch (error) {
    // Somebody else's process may not be sent signals, but it is there.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return undefined
  }
  try {
    if (process.platform === 'win32') return null
    if (process.platform !== 'linux') {
      return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || null
    }
    // The name, field 2, is in brackets and may hold anything; counting starts after it: state is field 3, start time
    // field 22.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    const isDead = fields[0] === 'Z' || fields[0] === 'X' // killed, but its parent has not asked for its end yet
    return isDead ? undefined : (fields[19] ?? null)
  } catch {
    return null
  }
}

function machineName(): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    return [hostname(), boot, readlinkSync('/proc/self/ns/pid')].join(' ')
  } catch {
    return hostname() // no Linux, so no containers that share a host's name
  }
}
