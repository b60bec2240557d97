// Marks requests that the project's cleaning would have left out of what a model learns: they are answered, and said to be unusual.
import { evaluate } from '../features/evaluate.ts'
import { programOf } from '../features/program.ts'
import type { Expression } from '../features/specification.ts'
import type { Batch } from '../warehouse/port.ts'
import type { Project, TimeReading } from './project.ts'

/** The names of what is unusual about each of the first `rows` rows. */
export type FlagRows = (columns: Batch['columns'], rows: number) => readonly (readonly string[])[]

const NOTHING: readonly string[] = []

const MISSING = 'missing_'
/** The flag of a row whose values the model gives no number for. */
const NO_PREDICTION = 'no_prediction'

/** The flags of a row without a prediction: it lacks a value, or the model gives no number for those it has. */
export function withoutPrediction(flags: readonly string[]): readonly string[] {
  return flags.some((flag) => flag.startsWith(MISSING)) ? flags : [...flags, NO_PREDICTION]
}

/** Flags by the cleaning rules that a request can be judged by (none that looks at the target), and values that are missing. */
export function openFlags(project: Project, timeReading: TimeReading): FlagRows {
  const fields = project.request.map(({ name }) => name)
  const rules = project.specification(timeReading).cleaning.rules.filter(({ keep }) => readsOnly(keep, fields))
  const program = programOf(rules.map(({ keep }) => keep))
  return (columns, rows) => {
    const flags = new Array<readonly string[]>(rows).fill(NOTHING)
    const add = (row: number, flag: string): void => {
      flags[row] = [...(flags[row] ?? NOTHING), flag]
    }
    for (const name of fields) {
      const column = columns[name]
      for (let row = 0; row < rows; row++) if (Number.isNaN(column?.[row])) add(row, MISSING + name)
    }
    const kept = rules.length === 0 ? [] : evaluate(program, { rows, columns })
    for (const [i, { name }] of rules.entries()) {
      for (let row = 0; row < rows; row++) if (kept[i]?.[row] === 0) add(row, name) // NaN: a value it needs is missing
    }
    return flags
  }
}

function readsOnly(expression: Expression, names: readonly string[]): boolean {
  if ('left' in expression) return readsOnly(expression.left, names) && readsOnly(expression.right, names)
  if (expression.op === 'column') return names.includes(expression.name)
  return expression.op === 'constant' || readsOnly(expression.of, names)
}
