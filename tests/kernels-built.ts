// Before any test: the kernels, compiled from the sources as they are.
export { buildKernels as default } from '../src/main/build-kernels.ts'
