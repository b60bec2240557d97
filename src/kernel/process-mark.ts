// Who a file on disk belongs to: a process on this machine, told apart from a later one that was given the same number.
import { readFileSync } from 'node:fs'

/** This process, as `number-start`; the start is empty where the system does not tell it. */
export const OWN_MARK = `${process.pid}-${startOf(process.pid)}`

/** Whether the process that left a mark is gone. What is no mark was left by somebody else, and is not ours to judge. */
export function isGone(mark: string): boolean {
  const match = /^(\d+)-(\d*)$/.exec(mark)
  return match !== null && !isRunning(match)
}

function isRunning(match: RegExpExecArray): boolean {
  const pid = Number(match[1])
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it runs, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
  return startOf(pid) === match[2]
}

/** When a process started, in the kernel's clock ticks since boot; empty where there is no /proc. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The second field, the command's name, may hold spaces and brackets; the start is the twentieth after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}
