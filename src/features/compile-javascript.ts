// A specification in JavaScript: the reference the other dialects are held to, and the memory warehouse's own.
import { PlannedError } from '../kernel/errors.ts'
import type { Batch } from '../warehouse/port.ts'
import { checkSpecification } from './check.ts'
import { KEPT, reasonsToDrop } from './clean.ts'
import { cleaningReasons } from './compile-sql.ts'
import { evaluate } from './evaluate.ts'
import { programOf } from './program.ts'
import { expressionOf, type FeatureSpecification } from './specification.ts'

export interface JavaScriptFeatures {
  /**
   * The feature columns of raw rows, as they are, uncleaned. Infinite numbers and codes as in the specification's
   * words.
   */
  features(rows: Batch): Readonly<Record<string, Float64Array>>
  /** Cleaned raw columns and features, in the order of the source. */
  processed(source: Batch): Batch
  /** One row: `source`, how many rows each reason left out, `kept`. */
  report(source: Batch): Batch
}

/** Translates a specification. What it returns throws `BAD_INPUT` on rows that lack a raw column. */
export function compileToJavaScript(specification: FeatureSpecification): JavaScriptFeatures {
  const { columns, features } = checkSpecification(specification)
  const program = programOf(features.map(expressionOf))

  const featuresOf = (rows: Batch): Record<string, Float64Array> => {
    const values = evaluate(program, rows)
    for (const [i, feature] of features.entries()) {
      if (feature.kind === 'category') keepCodes(values[i]!, feature.size)
    }
    return Object.fromEntries(features.map((feature, i) => [feature.name, values[i]!]))
  }
  const reasonsOf = (source: Batch): Int32Array => {
    for (const { name } of columns) {
      if (source.columns[name] === undefined)
        throw new PlannedError('BAD_INPUT', `these rows have no column "${name}"`, {
          why: 'the features need it',
          next: 'add it to the rows',
        })
    }
    return reasonsToDrop(specification, source)
  }
  return {
    features: featuresOf,
    processed(source) {
      const kept = positionsOf(reasonsOf(source), KEPT)
      // `reasonsOf` checked it.
      const raw = columns.map(({ name }) => [name, kept.map((row) => source.columns[name]![row]!)] as const)
      const clean = {
        rows: kept.length,
        columns: Object.fromEntries(raw.map(([name, values]) => [name, Float64Array.from(values)])),
      }
      return { rows: clean.rows, columns: { ...clean.columns, ...featuresOf(clean) } }
    },
    report(source) {
      const reasons = reasonsOf(source)
      const count = (reason: number): Float64Array => Float64Array.of(positionsOf(reasons, reason).length)
      const dropped = cleaningReasons(specification).map((name, reason) => [name, count(reason)] as const)
      return {
        rows: 1,
        columns: { source: Float64Array.of(source.rows), ...Object.fromEntries(dropped), kept: count(KEPT) },
      }
    },
  }
}

function keepCodes(codes: Float64Array, size: number): void {
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i]!
    codes[i] = code >= 0 && code < size && Number.isInteger(code) ? code + 0 : -1
  }
}

function positionsOf(values: Int32Array, wanted: number): number[] {
  const positions: number[] = []
  for (let i = 0; i < values.length; i++) if (values[i] === wanted) positions.push(i)
  return positions
}
