// What a model card is written from, and the one form of table it has.
import type { DatasetInput, Run } from '../tracking/port.ts'
import type { Project } from './project.ts'
import type { TrainingRecord } from './training-record.ts'
import type { Measured } from './training-report-measures.ts'

export interface CardFacts {
  readonly project: Project
  readonly model: string
  /** Null of a training that became no version. */
  readonly version: number | null
  /** The version it is the refit of; null if it is none. */
  readonly refitOf: string | null
  readonly run: Run
  readonly record: TrainingRecord
  readonly data: readonly DatasetInput[]
  /** What cleaning took of the months learnt. */
  readonly cleaning: {
    readonly raw: number
    readonly kept: number
    readonly left: Readonly<Record<string, number>> | null
  }
  /** What was measured on the holdout, or why nothing was. */
  readonly measured: Measured | { readonly reason: string }
  /** The charts beside the card, by file name. */
  readonly charts: readonly string[]
}

/** A table in Markdown: the first column to the left, numbers to the right; without a head, all to the left. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map((name, i) => (i === 0 || name === '' ? '---' : '---:'))), ...rows.map(line)]
}
