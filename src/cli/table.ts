// Plain text tables: columns as wide as their widest cell, numbers to the right.
import { widthOf } from './colour.ts'

/** Rows of cells as lines; `right` lists the columns that are aligned to the right, `heading` marks the first line. */
export function textTable(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
  heading: (line: string) => string = (line) => line,
): string[] {
  const widths: number[] = []
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell))
    })
  const lines = rows.map((row) =>
    row
      .map((cell, column) => {
        const space = ' '.repeat((widths[column] ?? 0) - widthOf(cell))
        return right.includes(column) ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd(),
  )
  return lines.map((line, index) => (index === 0 ? heading(line) : line))
}

/** A paragraph as lines no wider than `columns`, broken between words; a word that is wider stands alone. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > columns) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
