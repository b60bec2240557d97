// What a failure says, and what a home holds before and after it.
import { existsSync, globSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Ended, Program } from './program.ts'
import { rowsOf } from './whole-home.ts'

export const DELIVERIES = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }
export const RAW = 'deliveries_raw_small'
export const PROCESSED = 'deliveries_processed_small'

/** Every version and move, and the size of every file of every table. */
export async function keptIn({ home }: Program) {
  const files = globSync('warehouse/*/{manifest.json,month=*/*}', { cwd: home }).sort()
  const databases = ['mlflow.db', 'flow.db'].every((name) => existsSync(join(home, name)))
  return {
    files: await Promise.all(files.map(async (file) => `${file} ${(await stat(join(home, file))).size}`)),
    versions: databases ? rowsOf(home, 'mlflow.db', 'select name, version, current_stage from model_versions') : [],
    flowRuns: databases ? rowsOf(home, 'flow.db', 'select id, flow, status from flow_runs') : [],
  }
}

/** The three lines of a failure. */
export function expectTold(
  { code, err }: Ended,
  told: { code: number; what: RegExp; why?: RegExp; next: RegExp },
): void {
  const [, what = '', why = '', next = ''] = /understudy: (.*)\n {2}why: (.*)\n {2}do: {2}(.*)/.exec(err) ?? []
  expect({ code, what, next }, err).toMatchObject({
    code: told.code,
    what: expect.stringMatching(told.what),
    next: expect.stringMatching(told.next),
  })
  if (told.why !== undefined) expect(why).toMatch(told.why)
  expect(err).not.toMatch(/^ +at /m) // a stack is for bugs
}
