// Where the compiled kernels lie, and what they were made from.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

/** The modules there are: one per entry file in `assembly/`. */
export const KERNEL_NAMES = ['mlp', 'trees'] as const
export type KernelName = (typeof KERNEL_NAMES)[number]

/** From the one that asks most of a machine to the one that asks least. */
export const KERNEL_VARIANTS = ['relaxed', 'simd'] as const
export type KernelVariant = (typeof KERNEL_VARIANTS)[number]

const sources = new URL('./assembly/', import.meta.url)
const built = new URL('../../build/kernels/', import.meta.url)

/** Holds the digest of the sources that a module's files were made from. */
export function digestFile(name: KernelName): URL {
  return new URL(`${name}.sha256`, built)
}

export function kernelFile(name: string, variant: KernelVariant): URL {
  return new URL(`${name}-${variant}.wasm`, built)
}

/** What the compiler is told of a variant. The memory comes from outside, up to 4 GiB, shared by all threads. */
export function compilerOptions(variant: KernelVariant): readonly string[] {
  const features = ['simd', 'threads', 'bulk-memory', ...(variant === 'relaxed' ? ['relaxed-simd'] : [])]
  return [
    ...['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
    ...['--importMemory', '--sharedMemory', '--maximumMemory', '65536'],
    ...features.flatMap((feature) => ['--enable', feature]),
  ]
}

/** Changes with any source of a module, and with how it is compiled. */
export function sourcesDigest(name: KernelName): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(sources).sort()) {
    if (isSourceOf(name, file)) hash.update(`${file}\n`).update(readFileSync(new URL(file, sources)))
  }
  return hash.update(JSON.stringify(KERNEL_VARIANTS.map(compilerOptions))).digest('hex')
}

/** Its entry file, those whose names begin like it, and those that are nobody's. */
function isSourceOf(name: KernelName, file: string): boolean {
  const owner = KERNEL_NAMES.find((one) => file === `${one}.ts` || file.startsWith(`${one}-`))
  return file.endsWith('.ts') && (owner === name || owner === undefined)
}
