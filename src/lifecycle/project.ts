// The definition of one model to keep: what a project's folder declares and everything else only uses. It is also the door a
// project comes in by: what it needs of the rooms below is handed on here.
import { type Bands, faultOf } from '../evaluation/slices.ts'
import { checkExpression, checkSpecification } from '../features/check.ts'
import type { Expression, FeatureSpecification } from '../features/specification.ts'
import { zoneTable } from '../features/time-zone.ts'
import { PlannedError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Month, parseDay, parseMonth } from '../kernel/window.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Batch, TableSchema } from '../warehouse/port.ts'

export { throwIfCancelled } from '../kernel/errors.ts'
export { type Random, seededRandom } from '../kernel/random.ts'
export { DAY_MS, type Month, monthsOf, monthWindow, parseDay } from '../kernel/window.ts'
export type { Batch } from '../warehouse/port.ts'

/** How the source labels its times: as UTC instants, or as the wall clock of the place. */
export type TimeReading = 'utc' | 'local'

/** One value of a prediction request. */
export interface RequestField {
  readonly name: string
  readonly kind: 'time' | 'number' | 'integer'
  readonly label: string
  /** What the recipe's example asks for; a time is written `YYYY-MM-DD HH:MM:SS`, UTC. */
  readonly example: string
  /** For a time: the IANA zone whose clocks people mean when they ask over HTTP and name no zone. UTC unless given. */
  readonly zone?: string
}

/** A view of a model's errors: by band of some value of a row. */
export interface Slice {
  /** In file names: a-z, 0-9 and _. */
  readonly name: string
  /** To a person, as in "Error by …": "hour of the day". */
  readonly label: string
  /** Of the value; absent where it has none. */
  readonly unit?: string
  /** Over the cleaned raw columns; it may read the target. */
  readonly of: Expression
  readonly bands: Bands
}

/** What else a request may say than its fields, and an answer than the prediction. */
const TAKEN_WORDS = ['stage', 'version', 'alias', 'flags', 'model']

export interface ProjectDefinition {
  /** Also the default name of the registered model. */
  readonly name: string
  /** What one row is called, in words for people: "ride" and "rides". */
  readonly row: { readonly one: string; readonly many: string }
  readonly metric: { readonly name: 'mae'; readonly unit: string }
  /** Largest error that is good enough, in the metric's unit. */
  readonly defaultThreshold: number
  /** The sizes of raw table there are; the first one is the smallest. */
  readonly sizes: readonly string[]
  readonly defaultSize: string
  /** What its tables' names begin with, so that several projects share one warehouse: the project's name, - as _, and `_` unless given. */
  readonly tablePrefix?: string
  /** First day that any history can start, `YYYY-MM-DD`. */
  readonly historyFrom: string
  /** First day of the month that a newcomer's first cycle treats as fresh. */
  readonly defaultEvaluationStart: string
  /** The months that a replay plays unless told otherwise, both included, `YYYY-MM`. */
  readonly replayMonths: { readonly from: string; readonly to: string }
  readonly specification: (timeReading: TimeReading) => FeatureSpecification
  /** By trainer: the names of the features it learns from. One that is not named here learns from all. */
  readonly learnsFrom?: Readonly<Record<string, readonly string[]>>
  /** By trainer: settings that suit this project better than the trainer's own defaults. What a person sets comes before them. */
  readonly trainerSettings?: Readonly<Record<string, JsonObject>>
  /** How a model's errors are shown; by bands of the actual value alone unless given. */
  readonly slices?: (timeReading: TimeReading) => readonly Slice[]
  /** Makes the rows of a raw table where no real ones are there: one batch after the other, any order. Null: rows must be imported. */
  readonly simulate:
    | ((
        size: string,
        options: { signal?: AbortSignal; onProgress?: (month: Month, rows: number) => void },
      ) => AsyncIterable<Batch>)
    | null
  readonly request: readonly RequestField[]
  /** Key of the predicted value in a reply. */
  readonly replyKey: string
}

export interface Project extends ProjectDefinition {
  readonly tablePrefix: string
  readonly historyFromMs: number
  readonly rawSchema: TableSchema
}

/** Checks a definition where it is made, so that a mistake shows at start-up and not in the middle of a month. Throws `BAD_INPUT`. */
export function defineProject(definition: ProjectDefinition): Project {
  const wrong = (what: string): never => {
    throw new PlannedError('BAD_INPUT', `project "${definition.name}": ${what}`, {
      next: 'correct its definition, project.ts',
    })
  }
  if (!/^[a-z][a-z0-9_-]{0,62}$/.test(definition.name)) {
    wrong('a name is 1 to 63 of a-z, 0-9, _ and -, starting with a letter')
  }
  if (!definition.sizes.includes(definition.defaultSize)) {
    wrong(`defaultSize "${definition.defaultSize}" is not one of ${definition.sizes.join(', ')}`)
  }
  if (!(definition.defaultThreshold > 0)) wrong(`defaultThreshold ${definition.defaultThreshold} is not above 0`)
  const specification = checkSpecification(definition.specification('utc'))
  const names = specification.columns.map((column) => column.name)
  for (const needed of [
    specification.timeColumn,
    specification.target,
    ...definition.request.map((field) => field.name),
  ]) {
    if (!names.includes(needed)) wrong(`"${needed}" is not among its columns ${names.join(', ')}`)
  }
  for (const name of [definition.replyKey, ...definition.request.map((field) => field.name)]) {
    if (TAKEN_WORDS.includes(name))
      wrong(`"${name}" cannot be asked for or answered: it has a meaning of its own there`)
  }
  for (const [trainer, features] of Object.entries(definition.learnsFrom ?? {})) {
    const unknown = features.find((name) => !specification.features.some((feature) => feature.name === name))
    if (unknown !== undefined) wrong(`${trainer} learns from "${unknown}", which is no feature`)
    if (features.length === 0) wrong(`${trainer} learns from no feature`)
  }
  for (const trainer of Object.keys(definition.trainerSettings ?? {})) {
    trainerNamed(trainer).checkSettings(usualSettings(definition, trainer))
  }
  checkSlices(definition.slices?.('utc') ?? [], new Set(names), wrong)
  for (const { zone } of definition.request) if (zone !== undefined) zoneTable(zone)
  const prefix = definition.tablePrefix ?? ''
  if (prefix !== '' && !/^[a-z][a-z0-9_]*$/.test(prefix)) wrong(`tablePrefix "${prefix}" is not a-z, 0-9 and _`)
  parseDay(definition.defaultEvaluationStart)
  parseMonth(definition.replayMonths.from)
  parseMonth(definition.replayMonths.to)
  return {
    ...definition,
    tablePrefix: definition.tablePrefix ?? `${definition.name.replaceAll('-', '_')}_`,
    historyFromMs: parseDay(definition.historyFrom),
    rawSchema: { timeColumn: specification.timeColumn, columns: specification.columns },
  }
}

function checkSlices(slices: readonly Slice[], columns: ReadonlySet<string>, wrong: (what: string) => never): void {
  const seen = new Set<string>()
  for (const { name, label, of, bands } of slices) {
    if (!/^[a-z][a-z0-9_]*$/.test(name)) wrong(`the slice "${name}" is not named by a-z, 0-9 and _`)
    if (seen.has(name)) wrong(`two slices are named "${name}"`)
    if (label === '') wrong(`the slice ${name} has no label`)
    const fault = faultOf(bands)
    if (fault !== null) wrong(`the slice ${name}: ${fault}`)
    checkExpression(of, columns, `the slice ${name}`)
    seen.add(name)
  }
}

/** What a trainer is told where a person says nothing: its own defaults, or the project's in their place. */
export function usualSettings(project: Pick<ProjectDefinition, 'trainerSettings'>, trainer: string): JsonObject {
  return { ...trainerNamed(trainer).defaults, ...project.trainerSettings?.[trainer] }
}

/** The specification with those features alone that a trainer learns from, in the specification's order. */
export function specificationFor(
  project: Pick<Project, 'specification' | 'learnsFrom'>,
  timeReading: TimeReading,
  trainer: string,
): FeatureSpecification {
  const specification = project.specification(timeReading)
  const names = project.learnsFrom?.[trainer]
  if (names === undefined) return specification
  return { ...specification, features: specification.features.filter(({ name }) => names.includes(name)) }
}

/** The specification of the recipe's own model, the network: what its tables' layout and its lines of output speak of. */
export function recipeSpecification(
  project: Pick<Project, 'specification' | 'learnsFrom'>,
  timeReading: TimeReading,
): FeatureSpecification {
  return specificationFor(project, timeReading, 'mlp')
}

/** Where copies of the recipe's files go, below `training_outputs`: a project with tables of its own has a folder of its own. */
export function outputsFolderOf({ tablePrefix, name }: Pick<Project, 'tablePrefix' | 'name'>): string {
  return tablePrefix === '' ? '' : name
}

/** The tables of one size: rows as they came, and cleaned rows with their features (one per reading of the clock). */
export function tablesOf(
  { tablePrefix }: Pick<Project, 'tablePrefix'>,
  { size, timeReading }: { readonly size: string; readonly timeReading: TimeReading },
): { raw: string; processed: string } {
  const processed = `${tablePrefix}processed_${size}`
  return { raw: `${tablePrefix}raw_${size}`, processed: timeReading === 'utc' ? processed : `${processed}_local` }
}
