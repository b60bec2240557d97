/// <reference path="./web-assembly.d.ts" />
// A team of threads over one shared memory, all running the same compiled kernels.
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { messageOf } from '../kernel/errors.ts'
import {
  digestFile,
  KERNEL_VARIANTS,
  type KernelName,
  type KernelVariant,
  kernelFile,
  sourcesDigest,
} from './kernel-files.ts'

/** Words of the control block that the threads wait at. */
export const CONTROL = { calls: 0, finished: 1, function: 2, argumentCount: 3, failed: 4, words: 8 } as const
const ARGUMENTS = 16
const PAGE = 65_536
/** The lowest addresses stay unused: 0 is nobody's. */
const FIRST_ADDRESS = 1_024

export interface KernelTeam {
  readonly variant: KernelVariant
  readonly threads: number
  readonly memory: WebAssembly.Memory
  /** Address of `bytes` bytes of zeros, on a boundary of 64. Throws if the memory asked for is used up. */
  allocate(bytes: number): number
  /**
   * Calls an exported function on all threads at once, `name(thread, threads, ...args)`, and returns when all have.
   * Long loops are called in short pieces: WebAssembly that is under way is never exchanged for faster code. Throws if it traps.
   */
  run(name: string, ...args: number[]): void
  /** Ends the threads and lets the memory go. */
  close(): Promise<void>
}

/** What a thread of the team is started with. */
export interface ThreadData {
  readonly module: WebAssembly.Module
  readonly memory: WebAssembly.Memory
  readonly control: SharedArrayBuffer
  readonly names: readonly string[]
  readonly thread: number
  readonly threads: number
}

export interface TeamOptions {
  readonly threads: number
  readonly bytes: number
  readonly onNotice?: ((text: string) => void) | undefined
  /** In order of preference; from the fastest on unless given. */
  readonly variants?: readonly KernelVariant[] | undefined
}

/**
 * Starts a team with `bytes` of memory. Null if this machine cannot run the kernels; `onNotice` then hears why, as it does if
 * there are fewer threads than asked for.
 */
export async function openKernelTeam(
  name: KernelName,
  { threads, bytes, onNotice = () => undefined, variants = KERNEL_VARIANTS }: TeamOptions,
): Promise<KernelTeam | null> {
  const found = loadKernels(name, variants, onNotice)
  const pages = Math.ceil((FIRST_ADDRESS + bytes + 64) / PAGE)
  const memory = found === null ? null : takeMemory(pages, onNotice)
  if (found === null || memory === null) return null
  const module = new WebAssembly.Module(found.bytes)
  const instance = new WebAssembly.Instance(module, { env: { memory } })
  const names = WebAssembly.Module.exports(module).flatMap(({ name, kind }) => (kind === 'function' ? [name] : []))
  const control = new SharedArrayBuffer(CONTROL.words * 4 + ARGUMENTS * 8)
  const helpers = await startThreads({ module, memory, control, names, threads }, onNotice)
  let next = FIRST_ADDRESS
  return {
    variant: found.variant,
    threads: helpers.length + 1,
    memory,
    allocate(size) {
      const at = Math.ceil(next / 64) * 64
      if (at + size > pages * PAGE) throw new Error(`${size} bytes do not fit into the ${bytes} asked for`)
      next = at + size
      return at
    },
    run: (called, ...args) => runOnAll({ instance, control, names, threads: helpers.length + 1 }, called, args),
    async close() {
      await Promise.all(helpers.map((helper) => helper.terminate()))
    },
  }
}

/** The best variant that this machine takes. */
function loadKernels(
  name: KernelName,
  variants: readonly KernelVariant[],
  notice: (text: string) => void,
): { variant: KernelVariant; bytes: Uint8Array<ArrayBuffer> } | null {
  try {
    if (readFileSync(digestFile(name), 'utf8') !== sourcesDigest(name)) {
      notice(
        'the fast kernels were built from other sources than these: computing in TypeScript; npm run build makes them anew',
      )
      return null
    }
    for (const variant of variants) {
      const bytes = Uint8Array.from(readFileSync(kernelFile(name, variant)))
      if (WebAssembly.validate(bytes)) return { variant, bytes }
    }
    notice('this machine has no WebAssembly SIMD: computing in TypeScript, several times slower')
  } catch (error) {
    notice(`the fast kernels are not there (${messageOf(error)}): computing in TypeScript; npm run build makes them`)
  }
  return null
}

/** Shared memory of so many pages; null, and a notice, where there is not so much. */
function takeMemory(pages: number, notice: (text: string) => void): WebAssembly.Memory | null {
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true })
  } catch (error) {
    const size = `${Math.ceil((pages * PAGE) / 2 ** 20)} MiB`
    notice(
      `the fast kernels get no ${size} of memory (${messageOf(error)}): computing in TypeScript, several times slower`,
    )
    return null
  }
}

/** Starts all threads but the first, which is the caller's own. None, and a notice, where none can be started. */
async function startThreads(data: Omit<ThreadData, 'thread'>, notice: (text: string) => void): Promise<Worker[]> {
  const started: Worker[] = []
  try {
    for (let thread = 1; thread < data.threads; thread++) {
      const workerData: ThreadData = { ...data, thread }
      const worker = new Worker(new URL('./kernel-thread.ts', import.meta.url), { workerData })
      started.push(worker)
      worker.unref()
    }
    await Promise.all(
      started.map((worker) => new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))),
    )
    return started
  } catch (error) {
    await Promise.all(started.map((worker) => worker.terminate()))
    notice(`no further thread can be started (${messageOf(error)}): computing on one`)
    return []
  }
}

interface Running {
  readonly instance: WebAssembly.Instance
  readonly control: SharedArrayBuffer
  readonly names: readonly string[]
  readonly threads: number
}

function runOnAll({ instance, control, names, threads }: Running, name: string, args: readonly number[]): void {
  const words = new Int32Array(control, 0, CONTROL.words)
  const call = callable(instance, name)
  if (args.length > ARGUMENTS) throw new Error(`${name} is given ${args.length} arguments, and ${ARGUMENTS} cross over`)
  new Float64Array(control, CONTROL.words * 4).set(args)
  words[CONTROL.function] = names.indexOf(name)
  words[CONTROL.argumentCount] = args.length
  Atomics.store(words, CONTROL.finished, 0)
  Atomics.add(words, CONTROL.calls, 1)
  Atomics.notify(words, CONTROL.calls)
  call(0, threads, ...args)
  for (let finished = Atomics.load(words, CONTROL.finished); finished < threads - 1; ) {
    Atomics.wait(words, CONTROL.finished, finished)
    finished = Atomics.load(words, CONTROL.finished)
  }
  if (Atomics.load(words, CONTROL.failed) !== 0) throw new Error(`${name} failed in a further thread`)
}

/** An exported function of kernels. */
export function callable(instance: WebAssembly.Instance, name: string): (...args: number[]) => void {
  const found = instance.exports[name]
  if (typeof found !== 'function') throw new Error(`the kernels have no function ${name}`)
  return (...args) => void found(...args) // an exported function of WebAssembly takes numbers
}
