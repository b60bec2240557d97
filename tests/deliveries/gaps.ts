// The same deliveries, where every third parcel lacks a value: cleaning keeps those, and whoever can learns from them.
import { column, less } from '../../src/features/expressions.ts'
import { defineProject, type Project } from '../../src/lifecycle/project.ts'
import { deliveries } from './project.ts'

/** The project, with every third value of a column unknown. */
export function deliveriesWithout(unknown: 'distance_km' | 'parcels'): Project {
  const { specification, simulate, ...whole } = deliveries()
  return defineProject({
    ...whole,
    defaultThreshold: 10, // nothing is known of how far a third of them go
    specification: (times) => {
      const rules = [{ name: 'took_days', keep: less(column('minutes'), 1440) }]
      return { ...specification(times), cleaning: { duplicates: null, nulls: 'keep', rules } }
    },
    simulate: async function* (size, options) {
      for await (const { rows, columns } of simulate?.(size, options) ?? []) {
        const gaps = columns[unknown]?.map((value, row) => (row % 3 === 0 ? Number.NaN : value))
        yield { rows, columns: { ...columns, [unknown]: gaps ?? new Float64Array(rows) } }
      }
    },
  })
}

/** Loaded by path, as any project is. */
export const project = deliveriesWithout('distance_km')
