// `doctor`: what is set, what is wrong, and whether this machine can do it.
import { existsSync, statSync } from 'node:fs'
import { access, constants } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { messageOf, PlannedError } from '../../kernel/errors.ts'
import { defineCommand } from '../command.ts'
import { textTable } from '../table.ts'

interface Check {
  readonly name: string
  readonly fine: boolean
  readonly found: string
}

/** `understudy doctor` */
export const doctorCommand = defineCommand({
  name: 'doctor',
  example: 'doctor',
  summary: 'check the settings and this machine, and say what to change',
  args: z.object({}),
  async run(_, context) {
    const reports = context.settingReports()
    const checks: Check[] = [{ name: 'node', fine: true, found: process.version }]
    for (const report of reports)
      if (report.fault !== null) checks.push({ name: report.name, fine: false, found: report.fault })
    checks.push(await check('duckdb', async () => (await import('@duckdb/node-api')).version()))
    checks.push(
      await check('onnxruntime', async () => (await import('onnxruntime-node')).env.versions.common ?? 'loaded'),
    )
    if (checks.every(({ fine }) => fine)) {
      const { home } = context.settings()
      checks.push(await check('home', () => writable(home)))
      checks.push(
        await check('stores', async () => `${(await (await context.rooms()).warehouse.tables()).length} tables`),
      )
    }
    const faults = checks.filter(({ fine }) => !fine)
    if (context.terminal.json) {
      context.terminal.out(JSON.stringify({ ok: faults.length === 0, checks, settings: reports }))
    } else {
      const settings = reports.map(({ name, value, source, meaning }) => [
        name,
        value === '' ? '(empty)' : value,
        source,
        meaning,
      ])
      context.terminal.out(
        [
          ...textTable(checks.map(({ name, fine, found }) => [fine ? '✅' : '❌', name, found])),
          '',
          ...textTable([['setting', 'value', 'from', 'meaning'], ...settings], [], context.terminal.style.dim),
        ].join('\n'),
      )
    }
    if (faults.length > 0) {
      throw new PlannedError(
        'BAD_INPUT',
        `${faults.length} of ${checks.length} checks failed: ${faults.map(({ name }) => name).join(', ')}`,
        { next: 'the lines marked ❌ say what to change, in .env or the environment' },
      )
    }
  },
})

async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, fine: true, found: await look() }
  } catch (error) {
    return { name, fine: false, found: messageOf(error) }
  }
}

async function writable(home: string): Promise<string> {
  let there = home
  while (!existsSync(there)) there = dirname(there) // the nearest folder that is there is where the rest would be made
  if (!statSync(there).isDirectory())
    throw new Error(`${there} is a file, not a folder; set UNDERSTUDY_HOME to a folder`)
  await access(there, constants.W_OK)
  return home
}
