// Compiles the kernels: AssemblyScript in `assembly/` to WebAssembly in `build/kernels/`.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  compilerOptions,
  digestFile,
  KERNEL_NAMES,
  KERNEL_VARIANTS,
  type KernelName,
  type KernelVariant,
  kernelFile,
  sourcesDigest,
} from '../learning/kernel-files.ts'

const assembly = fileURLToPath(new URL('../learning/assembly/', import.meta.url))

/** A name that the type checker does not follow. */
const COMPILER: string = 'assemblyscript/asc'

/** Compiles what is not up to date, all of it before it throws with the compiler's own words of what is wrong. */
export async function buildKernels(): Promise<void> {
  const failures: unknown[] = []
  for (const name of KERNEL_NAMES) {
    if (!isUpToDate(name)) await build(name).catch((failure: unknown) => failures.push(failure))
  }
  if (failures.length > 0) throw failures[0]
}

function isUpToDate(name: KernelName): boolean {
  try {
    return readFileSync(digestFile(name), 'utf8') === sourcesDigest(name)
  } catch {
    return false // never built
  }
}

async function build(name: KernelName): Promise<void> {
  const digest = sourcesDigest(name)
  mkdirSync(new URL('.', digestFile(name)), { recursive: true })
  for (const variant of KERNEL_VARIANTS) await compile(name, variant)
  writeFileSync(digestFile(name), digest) // last: a build that was stopped is built again
}

/** As much of the compiler as is used here. Its own types declare a `console` of their own for the whole program. */
interface Compiler {
  main(
    options: readonly string[],
    files: {
      readFile(file: string): string | null
      writeFile(file: string, contents: Uint8Array | string): void
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>
}

async function compile(name: KernelName, variant: KernelVariant): Promise<void> {
  const files = new Map<string, Uint8Array | string>()
  const options = [
    `${name}.ts`,
    ...['--baseDir', assembly, '--outFile', 'kernels.wasm', '--textFile', 'kernels.wat'],
    ...compilerOptions(variant),
  ]
  const { default: asc } = (await import(COMPILER)) as { default: Compiler } // its documented interface
  const { error, stderr } = await asc.main(options, {
    writeFile: (file: string, contents: Uint8Array | string) => void files.set(file, contents),
    readFile: (file: string) => readSource(file),
  })
  if (error !== null) throw new Error(`the kernels ${name} do not compile:\n${stderr.toString()}`)
  // Every thread's instance would write it again over what the others have computed.
  if (/^ \(data /m.test(String(files.get('kernels.wat')))) throw new Error(`the kernels ${name} hold static data`)
  const wasm = files.get('kernels.wasm')
  if (!(wasm instanceof Uint8Array)) throw new Error(`compiling the kernels ${name} gave no file`)
  const to = kernelFile(name, variant)
  const beside = new URL(`${to.href}.${process.pid}`)
  writeFileSync(beside, wasm)
  renameSync(beside, to)
}

function readSource(file: string): string | null {
  try {
    return readFileSync(new URL(file, `file://${assembly}`), 'utf8')
  } catch {
    return null // the compiler asks for several names, and goes on with the one there is
  }
}
