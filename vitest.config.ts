// One worker per core of a small machine; a test that needs more time says so itself.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['*/**/*.test.ts'],
    exclude: ['**/node_modules/**', '.*/**'],
    maxWorkers: 2,
    pool: 'forks',
    globalSetup: ['tests/kernels-built.ts'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 20_000,
    hookTimeout: 30_000,
    reporters: ['default'],
  },
})
