// What a training rested on, then and now: the same rows, features, settings and weights to begin with; and the same means.
import { specificationDigest } from '../features/specification.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { sha256 } from '../kernel/json.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Run } from '../tracking/port.ts'
import { specificationFor } from './project.ts'
import type { RunSubject } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import { snakeCase } from './trainer-settings.ts'
import {
  learntWindow,
  monthFingerprints,
  preparationDigests,
  settingsOf,
  type TrainingRecord,
} from './training-record.ts'

/**
 * A difference between then and now. `basis`: what decides which model comes out, `means`: what computed it, which may round otherwise but
 * should not; `prevents`: the same training cannot be run at all.
 */
export type Change = { readonly of: 'basis' | 'means' | 'prevents'; readonly what: string; readonly text: string }

/** The file to start from, as it is now: null for a cold start. */
export type Basis = { readonly changes: readonly Change[]; readonly warmStart: Uint8Array | null }

/** Compares everything a training rested on. The rows have been brought up to date before. */
export async function compareBasis(
  rooms: LifecycleRooms,
  subject: RunSubject,
  run: Run,
  record: TrainingRecord,
): Promise<Basis> {
  const { file, changes } = await warmStartOf(rooms, subject.model, record)
  return {
    warmStart: file,
    changes: [
      ...(await dataChanges(rooms, subject, run, record)),
      ...preparationChanges(rooms, record),
      ...settingChanges(record),
      ...changes,
      ...meansChanges(rooms, run),
    ],
  }
}

async function dataChanges(
  rooms: LifecycleRooms,
  subject: RunSubject,
  { tags }: Run,
  { request, data }: TrainingRecord,
): Promise<Change[]> {
  const now = new Map(
    (await monthFingerprints(rooms, subject, learntWindow({ request }))).map((month) => [month.month, month]),
  )
  const then = new Map(data.months.map((month) => [month.month, month]))
  const months = [...new Set([...then.keys(), ...now.keys()])].sort()
  const rawOthers = months.filter((month) => then.get(month)?.raw !== now.get(month)?.raw)
  const others = months.filter(
    (month) => then.get(month)?.processed !== now.get(month)?.processed && !rawOthers.includes(month),
  )
  const changes: Change[] = []
  if (rawOthers.length > 0) {
    const text = `the rows of ${listed(rawOthers)} are others than they were`
    changes.push({ of: 'basis', what: 'data', text })
  }
  // Another specification makes other columns, be they of another trainer: then the digests of cleaning and features say what matters.
  const preprocessing = specificationDigest(rooms.project.specification(subject.timeReading))
  if (others.length > 0 && tags['understudy.preprocessing'] === preprocessing) {
    const text = `the processed rows of ${listed(others)} are others, though they are made of the same ones`
    changes.push({ of: 'basis', what: 'processed data', text })
  }
  return changes
}

/** Months in words: the first few, and how many more. */
function listed(months: readonly string[]): string {
  const shown = months.slice(0, 6)
  const more = months.length - shown.length
  return `${shown.join(', ')}${more === 0 ? '' : ` and ${more} more months`}`
}

/** What is made of the rows as they came. */
function preparationChanges(
  { project }: LifecycleRooms,
  { request, data }: Pick<TrainingRecord, 'request' | 'data'>,
): Change[] {
  const now = preparationDigests(specificationFor(project, request.timeReading, request.trainer))
  const changes: Change[] = []
  if (now.cleaning !== data.cleaning)
    changes.push({ of: 'basis', what: 'cleaning', text: 'other rows are left out than were' })
  if (now.features !== data.features)
    changes.push({ of: 'basis', what: 'features', text: `${request.trainer} learns from other features than it did` })
  return changes
}

function settingChanges(record: TrainingRecord): Change[] {
  const { trainer } = record.request
  const recorded = settingsOf(record)
  try {
    const { defaults, checkSettings } = trainerNamed(trainer)
    const gained = Object.entries(defaults).filter(([name]) => !Object.hasOwn(recorded, name))
    checkSettings({ ...defaults, ...recorded })
    return gained.map(([name, value]) => {
      const text = `${trainer} has a setting now that it had not: ${snakeCase(name)}, ${JSON.stringify(value)}`
      return { of: 'basis', what: 'settings', text }
    })
  } catch (error) {
    if (!isPlanned(error, 'BAD_INPUT')) throw error
    return [{ of: 'prevents', what: 'settings', text: error.why ?? messageOf(error) }]
  }
}

async function warmStartOf(
  { tracking }: LifecycleRooms,
  model: string,
  { warmStart }: TrainingRecord,
): Promise<{ file: Uint8Array | null; changes: Change[] }> {
  if (warmStart === null) return { file: null, changes: [] }
  const { version } = warmStart
  try {
    const file = await tracking.readModelFile(model, version, 'model.onnx')
    const isSame = sha256(file) === warmStart.sha256
    const text = `the file of v${version}, whose weights it began with, is another than it was`
    return { file, changes: isSame ? [] : [{ of: 'basis', what: 'warm start', text }] }
  } catch (error) {
    if (!isPlanned(error, 'NOT_FOUND')) throw error
    const text = `the file of v${version}, whose weights it began with, is gone`
    return { file: null, changes: [{ of: 'prevents', what: 'warm start', text }] }
  }
}

/** The program and the machine, by what the run says of them. */
function meansChanges({ provenance }: LifecycleRooms, { tags }: Run): Change[] {
  const commit = tags['mlflow.source.git.commit']
  const at =
    commit === undefined
      ? ''
      : `; it was commit ${commit}${tags['understudy.git_dirty'] === 'true' ? ' with changes that were not committed' : ''}`
  const facts: readonly (readonly [
    what: string,
    then: string | undefined,
    now: string,
    how: (then: string, now: string) => string,
  ])[] = [
    [
      'code',
      tags['understudy.code_digest'],
      provenance.codeDigest,
      () => `the program or the project is not the same any more${at}`,
    ],
    [
      'packages',
      tags['understudy.packages_digest'],
      provenance.packagesDigest,
      () => 'other versions of packages are installed',
    ],
    ['Node', tags['understudy.node'], provenance.node, (then, now) => `${then} then, ${now} now`],
    ['machine', tags['understudy.machine'], provenance.machine, (then, now) => `${then} then, ${now} now`],
  ]
  return facts.flatMap(([what, then, now, how]) =>
    then === undefined || then === now ? [] : [{ of: 'means' as const, what, text: how(then, now) }],
  )
}
