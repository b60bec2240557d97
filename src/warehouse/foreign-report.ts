// What became of a person's file: rows taken, rows left with their reasons, and the words for a file of which nothing can be taken.
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import { clipped } from './foreign-columns.ts'
import { moreThanGzip, stateOf } from './foreign-format.ts'
import type { Sought } from './foreign-lines.ts'

export interface ImportReport {
  readonly rowsRead: number
  readonly rowsTaken: number
  /**
   * Rows that cannot be read as the schema's types, most first. Dirty rows are taken: cleaning judges those. An example of a text file
   * begins with its line, `line 12: `, where that is known.
   */
  readonly left: readonly { readonly reason: string; readonly rows: number; readonly example: string }[]
  readonly ignoredColumns: readonly string[]
}

interface Left {
  rows: number
  example: string
  /** The example as it stands in the file, until its line is known. */
  sought: Sought | null
}

/** Rows taken, and rows left by reason, with the first example of each. */
export class Counts {
  taken = 0
  readonly #left = new Map<string, Left>()

  /** `column`, counted from 0, is that of a value; null where the example says itself where it stands. */
  leave(reason: string, rows: number, example: () => string, column: number | null): void {
    const known = this.#left.get(reason)
    if (known !== undefined) {
      known.rows += rows
      return
    }
    const text = example()
    this.#left.set(reason, { rows, example: clipped(text), sought: column === null ? null : { column, text } })
  }

  /** Has the examples' lines found, and written before them. */
  async addLines(find: (sought: readonly Sought[]) => Promise<readonly (number | null)[]>): Promise<void> {
    const open = [...this.#left.values()].flatMap((left) =>
      left.sought === null ? [] : [{ left, sought: left.sought }],
    )
    const lines = await find(open.map(({ sought }) => sought))
    for (const [i, { left }] of open.entries()) {
      const line = lines[i] ?? null
      if (line !== null) left.example = left.example === '' ? `line ${line}` : `line ${line}: ${left.example}`
      left.sought = null
    }
  }

  report(): Omit<ImportReport, 'ignoredColumns'> {
    const left = [...this.#left]
      .map(([reason, { rows, example }]) => ({ reason, rows, example }))
      .sort((a, b) => b.rows - a.rows)
    return { rowsRead: this.taken + left.reduce((sum, { rows }) => sum + rows, 0), rowsTaken: this.taken, left }
  }
}

/** A decimal comma, most likely; a thousands comma could be meant as well, so nothing is guessed. */
export function commaInside(path: string, heading: string, text: string, line: number | null): PlannedError {
  const where = line === null ? '' : `, line ${line}`
  return new PlannedError('BAD_INPUT', `column ${heading} of ${path}${where}, holds "${clipped(text)}"`, {
    next: 'write numbers with a decimal point and no other signs',
    facts: { path, column: heading, line },
  })
}

/** What follows an open quote belongs to it, so nobody can say how many rows it swallowed. */
export function misplacedQuote(path: string, example: string): PlannedError {
  return new PlannedError(
    'BAD_DATA',
    `${path} has a quote that is opened or closed in the wrong place, ${clipped(firstLine(example))}`,
    {
      why: 'the lines after it are taken for one value, up to the next quote',
      next: 'correct that line',
      facts: { path },
    },
  )
}

export function nothingTaken(path: string, { rowsRead, left }: Omit<ImportReport, 'ignoredColumns'>): PlannedError {
  const facts = { path, rowsRead }
  if (rowsRead === 0) {
    return new PlannedError('BAD_DATA', `${path} has headings and no rows`, {
      next: 'see whether it was written to its end, or name another file',
      facts,
    })
  }
  const reasons = left.map(({ reason, rows, example }) => {
    const such = example === '' ? '' : `, such as ${example}`
    return `${reason} (${rows} ${rows === 1 ? 'row' : 'rows'}${such})`
  })
  return new PlannedError('BAD_DATA', `none of the rows of ${path} can be read, ${rowsRead} in all`, {
    why: reasons.join('; '),
    next: 'correct that, and import the file again',
    facts,
  })
}

/**
 * A failed read in words: of a file that changed meanwhile, that, and otherwise what is wrong with it. `state` is the file's when reading
 * began. A bug stays one.
 */
export async function unreadable(path: string, state: string | null, error: unknown): Promise<unknown> {
  if (isPlanned(error, 'CANCELLED')) return error
  if ((await stateOf(path)) !== state) return changedMeanwhile(path, error)
  if (isPlanned(error)) return error
  const message = messageOf(error)
  const facts = { path }
  if (message.includes('state machine reached an invalid state')) {
    return new PlannedError('BAD_DATA', `the lines of ${path} do not all end in the same way`, {
      why: 'some end in LF, some in CR LF',
      next: 'make them the same, for example with dos2unix',
      facts,
      cause: error,
    })
  }
  if (message.includes('Input is not a GZIP stream')) return moreThanGzip(path, error)
  if (!/^(Invalid Input|IO|Invalid|Conversion|Not implemented) Error|^TProtocolException/.test(message)) return error
  return new PlannedError('BAD_DATA', `${path} is damaged`, {
    why: clipped(firstLine(message).replaceAll(path, 'it')),
    next: 'fetch or write it again',
    facts,
    cause: error,
  })
}

/** A file that is not the one any more that reading began with. */
export function changedMeanwhile(path: string, cause?: unknown): PlannedError {
  return new PlannedError('BAD_DATA', `${path} changed or went while it was read, so nothing was taken`, {
    next: 'wait until nobody writes to it, and import it again',
    facts: { path },
    ...(cause === undefined ? {} : { cause }),
  })
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}
