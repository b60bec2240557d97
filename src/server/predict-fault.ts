// What is wrong with a request for predictions, in the form that FastAPI tells it.
import type { RequestField } from '../lifecycle/project.ts'
import type { FieldFault } from '../lifecycle/request-row.ts'
import type { CellFault } from '../lifecycle/request-table.ts'

/** One thing that is wrong, and where. */
export interface Detail {
  readonly type: string
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly input: unknown
}

/** A value of a table. */
export function cellDetail({ row, field, fault, value }: CellFault): Detail {
  return detailOf(row === null ? ['body', field.name] : ['body', row, field.name], field, fault, value)
}

/** FastAPI's own types and messages, which clients may look at, where it has one. */
export function detailOf(loc: Detail['loc'], { kind }: RequestField, fault: FieldFault, input: unknown): Detail {
  switch (fault) {
    case 'missing':
      return { type: 'missing', loc, msg: 'Field required', input: null }
    case 'not finite':
      return { type: 'finite_number', loc, msg: 'Input should be a finite number', input: String(input) }
    case 'too large':
      return { type: 'int_parsing_size', loc, msg: 'Input should be a whole number below 2^53', input: String(input) }
    case 'not a time':
      return {
        type: 'datetime_parsing',
        loc,
        msg: 'Input should be a valid time, written as YYYY-MM-DD HH:MM:SS',
        input,
      }
    default:
      return kind === 'integer'
        ? { type: 'int_parsing', loc, msg: 'Input should be a valid integer', input }
        : { type: 'float_parsing', loc, msg: 'Input should be a valid number', input }
  }
}
