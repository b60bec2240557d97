// The only way a command prints: results to standard output, everything else to standard error.

export interface Terminal {
  /** Whether the result is to be JSON. */
  readonly json: boolean
  /** Whether a person is watching standard error. */
  readonly live: boolean
  /** Width of what results are read on; without end where that is a pipe, whose lines belong to whoever reads them. */
  readonly columns: number
  /** A result. */
  out(text: string): void
  /** Anything that is not the result: progress, warnings, advice. */
  note(text: string): void
  /** Replaces the lines shown live by these; an empty list clears them. Does nothing where nobody watches. */
  show(lines: readonly string[]): void
}

interface Stream {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/** A terminal over two streams. */
export function openTerminal(options: { json: boolean; out: Stream; err: Stream }): Terminal {
  const { json, out, err } = options
  const live = err.isTTY === true
  let shown = 0
  const widthOf = (stream: Stream): number => (stream.isTTY === true ? stream.columns || 80 : Number.POSITIVE_INFINITY)
  const width = widthOf(err)
  const clear = (): void => {
    if (shown > 0) err.write(`\u001b[${shown}A\u001b[0J`) // up to the first live line, then erase to the end
    shown = 0
  }
  return {
    json,
    live,
    columns: widthOf(out),
    out: (text) => {
      clear()
      out.write(`${text}\n`)
    },
    note: (text) => {
      clear()
      err.write(`${text}\n`)
    },
    show: (lines) => {
      if (!live) return
      clear()
      for (const line of lines) err.write(`${line.slice(0, width - 1)}\n`)
      shown = lines.length
    },
  }
}
