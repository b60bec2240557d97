// The only way a command prints: results to standard output, everything else to standard error.
import { PLAIN, type Style, styleOf } from './colour.ts'

export interface Terminal {
  /** Whether the result is to be JSON. */
  readonly json: boolean
  /** Whether a person is watching standard error. */
  readonly live: boolean
  /** Width of what results are read on; without end where that is a pipe, whose lines belong to whoever reads them. */
  readonly columns: number
  /** Colours of results: none where they would only be in the way. */
  readonly style: Style
  /** Colours of everything that is not the result. */
  readonly noteStyle: Style
  /** A result. */
  out(text: string): void
  /** Anything that is not the result: progress, advice. */
  note(text: string): void
  /** A note that something deserves a look. */
  warn(text: string): void
  /** Replaces the lines shown live by these; an empty list clears them. Does nothing where nobody watches. */
  show(lines: readonly string[]): void
}

interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** A terminal over two streams. `environment` says whether there may be colours. */
export function openTerminal(options: {
  json: boolean
  out: Stream
  err: Stream
  environment?: Readonly<Record<string, string | undefined>>
}): Terminal {
  const { json, out, err, environment = {} } = options
  const live = err.isTTY === true && environment.TERM !== 'dumb' // one that is dumb cannot move its cursor up
  const style = json ? PLAIN : styleOf(out, environment)
  const noteStyle = json ? PLAIN : styleOf(err, environment)
  let shown = 0
  const columnsOf = (stream: Stream): number =>
    stream.isTTY === true ? stream.columns || 80 : Number.POSITIVE_INFINITY
  const columns = columnsOf(err)
  const clear = (): void => {
    if (shown > 0) err.write(`\u001b[${shown}A\u001b[0J`) // up to the first live line, then erase to the end
    shown = 0
  }
  const note = (text: string): void => {
    clear()
    err.write(`${text}\n`)
  }
  return {
    json,
    live,
    columns: columnsOf(out),
    style,
    noteStyle,
    out: (text) => {
      clear()
      out.write(`${text}\n`)
    },
    note,
    warn: (text) => note(noteStyle.yellow(text)),
    show: (lines) => {
      if (!live) return
      clear()
      for (const line of lines) err.write(`${line.slice(0, columns - 1)}\n`)
      shown = lines.length
    },
  }
}
