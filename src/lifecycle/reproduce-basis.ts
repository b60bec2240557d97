// What a training rested on, then and now: the same rows, features, settings and weights to begin with; and the same means.
import { specificationDigest } from '../features/specification.ts'
import { isPlanned, messageOf } from '../kernel/errors.ts'
import { sha256 } from '../kernel/json.ts'
import { monthOf } from '../kernel/window.ts'
import { snakeCase } from '../learning/settings.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Run } from '../tracking/port.ts'
import { specificationFor } from './project.ts'
import type { RunSubject } from './recording.ts'
import type { LifecycleRooms } from './rooms.ts'
import {
  learntParts,
  learntWindow,
  monthFingerprints,
  preparationDigests,
  settingsOf,
  type TrainingRecord,
} from './training-record.ts'
import { cutMonths } from './training-record-parts.ts'

/**
 * A difference between then and now. `basis`: what decides which model comes out; `perhaps`: what may decide it, as too little was
 * recorded to tell; `means`: what has no part in it, or computed it, which may round otherwise but should not; `prevents`: the same training
 * cannot be run at all.
 */
export type Change = {
  readonly of: 'basis' | 'perhaps' | 'means' | 'prevents'
  readonly what: string
  readonly text: string
}

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
  record: TrainingRecord,
): Promise<Change[]> {
  const { data } = record
  const window = learntWindow(record)
  const now = new Map((await monthFingerprints(rooms, subject, window)).map((month) => [month.month, month]))
  const then = new Map(data.months.map((month) => [month.month, month]))
  const months = [...new Set([...then.keys(), ...now.keys()])].sort()
  const differ = (of: 'raw' | 'processed') => (month: string) => then.get(month)?.[of] !== now.get(month)?.[of]
  const rawOthers = months.filter(differ('raw'))
  const processedOthers = months.filter(differ('processed'))
  const learnt = await comparedParts(rooms, subject, record, rawOthers.filter(differ('processed')))
  const changes: Change[] = rawChanges(rawOthers, (month) =>
    processedOthers.includes(month) ? (learnt.get(month) ?? 'others') : 'same',
  )
  // Another specification makes other columns, be they of another trainer: then the digests of cleaning and features say what matters.
  const preprocessing = specificationDigest(rooms.project.specification(subject.timeReading))
  const remade = processedOthers.filter((month) => !rawOthers.includes(month))
  if (remade.length > 0 && tags['understudy.preprocessing'] === preprocessing) {
    const text = `the processed rows of ${listed(remade)} are others, though they are made of the same ones`
    changes.push({ of: 'basis', what: 'processed data', text })
  }
  return changes
}

/** What is known of the rows learnt of a month whose rows are others by now. */
type Learnt = 'same' | 'others' | 'unknown'

/** That of the months that the window cuts, by comparing the rows of their part; `unknown` where nothing was recorded to compare with. */
async function comparedParts(
  rooms: LifecycleRooms,
  subject: RunSubject,
  record: TrainingRecord,
  months: readonly string[],
): Promise<ReadonlyMap<string, Learnt>> {
  const { request, data } = record
  const window = learntWindow(record)
  const cut = cutMonths(window).map(({ fromMs }) => monthOf(fromMs))
  if (!cut.some((month) => months.includes(month))) return new Map()
  const made = preparationDigests(specificationFor(rooms.project, subject.timeReading, request.trainer))
  // Rows that are cleaned otherwise, or have other features, cannot be compared; that they are is told beside it.
  const isComparable = made.cleaning === data.cleaning && made.features === data.features
  const then = new Map((isComparable ? (data.parts ?? []) : []).map((part) => [part.month, part]))
  const now = then.size === 0 ? [] : await learntParts(rooms, subject, request.trainer, window)
  const isSame = new Map(now.map((part) => [part.month, part.sha256 === then.get(part.month)?.sha256]))
  return new Map(
    cut.map((month) => [month, then.has(month) ? (isSame.get(month) === true ? 'same' : 'others') : 'unknown']),
  )
}

function rawChanges(months: readonly string[], learntOf: (month: string) => Learnt): Change[] {
  const having = (learnt: Learnt): string[] => months.filter((month) => learntOf(month) === learnt)
  const said = [
    ['others', 'basis', ''],
    ['unknown', 'perhaps', ', perhaps outside of what it learnt: its run recorded whole months only'],
    ['same', 'means', ', but those that it learnt are the same'],
  ] as const
  return said.flatMap(([learnt, of, more]) =>
    having(learnt).length === 0
      ? []
      : [{ of, what: 'data', text: `the rows of ${listed(having(learnt))} are others than they were${more}` }],
  )
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

/** A setting that came since is left at the trainer's own default, with which it learns as it did before it had one. */
function settingChanges(record: TrainingRecord): Change[] {
  const { trainer } = record.request
  const recorded = settingsOf(record)
  try {
    const { defaults, checkSettings } = trainerNamed(trainer)
    const gained = Object.entries(defaults).filter(([name]) => !Object.hasOwn(recorded, name))
    checkSettings({ ...defaults, ...recorded })
    return gained.map(([name, value]) => {
      const has = `${trainer} has a setting now that it had not: ${snakeCase(name)}`
      return { of: 'means', what: 'settings', text: `${has}, left at ${JSON.stringify(value)}, which changes nothing` }
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
