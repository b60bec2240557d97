// Keeping it: `backup` copies everything that is kept, `backup verify` reads a copy back, `restore` puts one in place.
import { resolve } from 'node:path'
import { z } from 'zod'
import { counted, countText } from '../../evaluation/figures.ts'
import { makeBackup, type Progress } from '../../home/backup.ts'
import type { Place } from '../../home/place.ts'
import { restoreBackup } from '../../home/restore.ts'
import { type VerifiedBackup, verifyBackup } from '../../home/verify.ts'
import { systemClock } from '../../kernel/clock.ts'
import { bytesText } from '../../kernel/disk.ts'
import { addressOf } from '../../tracking/rest-address.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { textTable } from '../table.ts'
import type { Terminal } from '../terminal.ts'
import { timeText } from '../when.ts'

const SHOWN_EVERY_MS = 100

/** `understudy backup /backups/monday` */
export const backupCommand = defineCommand({
  name: 'backup',
  example: 'backup /backups/monday',
  summary: 'copy everything that is kept into a new folder, while others go on, and read the copy back',
  positional: [['<folder>', 'a new folder, which is made']],
  args: z.object({ folder: z.string().min(1) }),
  async run({ folder }, context) {
    const { terminal, signal } = context
    const backup = await withBytes(terminal, (onProgress) =>
      makeBackup(placeOf(context), folder, { nowMs: systemClock.nowMs(), signal, onProgress }),
    )
    for (const path of backup.leftOut) terminal.warn(`${path} is a link or no file, and was left out`)
    if (backup.forgotten !== null) terminal.warn(`the home cannot be told of this backup (${backup.forgotten})`)
    const { server } = context.settings()
    if (server !== null) {
      const what = `runs, models and their history are kept by the MLflow server ${addressOf(server)}`
      terminal.warn(`${what}, and are in no backup of this home`)
    }
    if (terminal.json) return terminal.out(JSON.stringify({ ...contentsOf(backup), leftOut: backup.leftOut }))
    terminal.out(
      [
        `✅ everything in ${backup.record.home} is copied to ${backup.directory}, and was read back`,
        ...contentLines(backup),
        `   to restore: ./understudy restore ${backup.directory}`,
      ].join('\n'),
    )
  },
})

/** `understudy backup verify /backups/monday` */
export const verifyBackupCommand = defineCommand({
  name: 'backup verify',
  example: 'backup verify /backups/monday',
  summary: 'read a backup back: every file, both databases, the seals of the history',
  positional: [['<folder>', 'the folder of the backup']],
  args: z.object({ folder: z.string().min(1) }),
  async run({ folder }, { terminal, signal }) {
    const verified = await withBytes(terminal, (onProgress) => {
      let bytes = 0
      const onBytes = (more: number): void => {
        bytes += more
        onProgress({ step: 'checking', bytes, ofBytes: 0 })
      }
      return verifyBackup(resolve(folder), { signal, onBytes })
    })
    if (terminal.json) return terminal.out(JSON.stringify(contentsOf(verified)))
    terminal.out([`✅ the backup ${verified.directory} is whole`, ...contentLines(verified)].join('\n'))
  },
})

/** `understudy restore /backups/monday --replace` */
export const restoreCommand = defineCommand({
  name: 'restore',
  example: 'restore /backups/monday --replace',
  summary: 'put a backup in place of what is kept; what is there stays beside it, under another name',
  positional: [['<folder>', 'the folder of the backup']],
  options: [['--replace', 'also where something is kept already']],
  args: z.object({ folder: z.string().min(1), replace: z.boolean().default(false) }),
  async run({ folder, replace }, context) {
    const { terminal, signal } = context
    const place = placeOf(context)
    await context.closeRooms()
    const restored = await withBytes(terminal, (onProgress) =>
      restoreBackup(place, folder, { clock: systemClock, signal, onProgress, replace }),
    )
    const { kept } = restored
    if (terminal.json) return terminal.out(JSON.stringify({ ...contentsOf(restored), restoredTo: place.home, kept }))
    terminal.out(
      [
        `✅ ${place.home} is as it was at ${timeText(Date.parse(restored.record.madeAt))} UTC`,
        ...contentLines(restored),
        ...kept.map(({ place: was, at }) => `   what was in ${was} lies in ${at}; remove it once you miss nothing`),
        '   next: ./understudy history, or the command that was under way',
      ].join('\n'),
    )
  },
})

function placeOf({ settings }: CommandContext): Place {
  const { home, databasePath, artifacts } = settings()
  return { home, databasePath, artifacts }
}

function contentsOf({ directory, record, bytes, models, moves, tables, elsewhere, faults }: VerifiedBackup) {
  const { madeAt, program, files } = record
  return { directory, madeAt, program, bytes, files: files.length, models, moves, tables, elsewhere, faults }
}

function contentLines(backup: VerifiedBackup): string[] {
  const { record, bytes, models, moves, tables, elsewhere, faults } = backup
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
  const versions = models.map(({ name, versions }) => `${name} ${countText(versions)}`)
  const rows = tables.map(({ name, rows }) => `${name} ${countText(rows)}`)
  return [
    ...textTable([
      ['   files', `${countText(record.files.length)}, ${bytesText(bytes)}`],
      ['   versions', `${countText(sum(models.map((model) => model.versions)))}${listed(versions)}`],
      ['   history', `${counted(moves, 'move')}${faults.length === 0 ? ', every seal whole' : ''}`],
      ['   rows', `${countText(sum(tables.map((table) => table.rows)))}${listed(rows)}`],
      ['   made', `${timeText(Date.parse(record.madeAt))} UTC, by version ${record.program}`],
    ]),
    ...faults.map((fault) => `   ⚠️  ${fault}, and was so before it was copied`),
    ...elsewhere.map((version) => `   ⚠️  the files of ${version} lie elsewhere, and are in no backup`),
  ]
}

function listed(parts: readonly string[]): string {
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

/** Shows how far the work is, where somebody watches. */
async function withBytes<T>(
  terminal: Terminal,
  work: (onProgress: (progress: Progress) => void) => Promise<T>,
): Promise<T> {
  let shownAt = 0
  try {
    return await work(({ step, bytes, ofBytes }) => {
      const now = performance.now()
      if (now - shownAt < SHOWN_EVERY_MS) return
      shownAt = now
      terminal.show([
        `  ${step} ${bytesText(bytes)}${ofBytes === 0 ? '' : ` of ${bytesText(Math.max(bytes, ofBytes))}`}`,
      ])
    })
  } finally {
    terminal.show([])
  }
}
