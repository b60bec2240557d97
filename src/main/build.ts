// `npm run build`: the kernels, compiled. What is up to date already is left as it is.
import { buildKernels } from './build-kernels.ts'

await buildKernels()
