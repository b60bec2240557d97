// What produced a result: the commit, the code, the packages, the machine.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { arch, cpus, platform, totalmem } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { sha256 } from '../kernel/json.ts'
import type { Provenance } from '../lifecycle/rooms.ts'

/** Reads it from a checkout. Outside a git repository the commit is null; the code's digest is there all the same. */
export async function readProvenance(root: string, projectFolder: string): Promise<Provenance> {
  const [commit, status, codeDigest, lock] = await Promise.all([
    git(root, 'rev-parse', 'HEAD'),
    git(root, 'status', '--porcelain'),
    digestOfSources(root, [join(root, 'src'), projectFolder]),
    readFile(join(root, 'package-lock.json')).catch(() => null),
  ])
  const cores = cpus()
  return {
    gitCommit: commit?.trim() ?? null,
    gitDirty: (status ?? '').trim() !== '',
    codeDigest,
    packagesDigest: lock === null ? 'none' : sha256(lock),
    node: process.version,
    machine: `${platform()} ${arch()}, ${cores.length} x ${cores[0]?.model.trim() ?? 'cpu'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  }
}

async function git(root: string, ...args: readonly string[]): Promise<string | null> {
  try {
    return (await promisify(execFile)('git', ['-C', root, ...args], { timeout: 5_000 })).stdout
  } catch {
    return null // no git, or no repository: the digest of the sources says what ran
  }
}

async function digestOfSources(root: string, folders: readonly string[]): Promise<string> {
  const hash = createHash('sha256')
  for (const folder of folders) {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    const paths = entries
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !/\.(test|contract)\.ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
    for (const path of paths) {
      hash
        .update(`${relative(root, path)}\0`)
        .update(await readFile(path))
        .update('\0')
    }
  }
  return hash.digest('hex')
}
