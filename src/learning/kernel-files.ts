// Where the compiled kernels lie, and what they were made from.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'

/** The modules there are: one per entry file in `assembly/`. */
export const KERNEL_NAMES = ['mlp'] as const
export type KernelName = (typeof KERNEL_NAMES)[number]

/** From the one that asks most of a machine to the one that asks least. */
export const KERNEL_VARIANTS = ['relaxed', 'simd'] as const
export type KernelVariant = (typeof KERNEL_VARIANTS)[number]

const sources = new URL('./assembly/', import.meta.url)
const built = new URL('../../build/kernels/', import.meta.url)

/** Holds the digest of the sources that the kernels beside it were made from. */
export const DIGEST_FILE = new URL('sources.sha256', built)

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

/** Changes with any of the sources, and with how they are compiled. */
export function sourcesDigest(): string {
  const hash = createHash('sha256')
  for (const file of readdirSync(sources).sort()) {
    if (file.endsWith('.ts')) hash.update(`${file}\n`).update(readFileSync(new URL(file, sources)))
  }
  return hash.update(JSON.stringify(KERNEL_VARIANTS.map(compilerOptions))).digest('hex')
}
