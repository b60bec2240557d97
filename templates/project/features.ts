// What the model sees of a row, and which rows it learns from at all. One specification: the warehouse runs it as SQL, and it travels
// inside the model's file, so a prediction sees exactly what training saw.
import { between, clock, column, divide, greater, less, position } from '../../src/features/expressions.ts'
import type { FeatureSpecification } from '../../src/features/specification.ts'

/** CHANGE: the clocks that weekday and hour are read from. */
const ZONE = 'Europe/Paris'

const KINDS = [1, 2, 3]

/** `times` is the setting PICKUP_TIMES: stored times are UTC, or (local) they are the zone's own clock already. */
export function specification(times: 'utc' | 'local'): FeatureSpecification {
  const zone = times === 'utc' ? ZONE : 'UTC'
  const broughtAt = column('brought_at')
  return {
    // CHANGE: the columns of your rows. Files you import have these headings; others are left out.
    columns: [
      { name: 'hours', type: 'double' },
      { name: 'brought_at', type: 'timestamp' },
      { name: 'kind', type: 'integer' },
      { name: 'age_years', type: 'double' },
      { name: 'parts', type: 'integer' },
    ],
    timeColumn: 'brought_at', // a month is fresh by this time
    target: 'hours', // what is predicted
    cleaning: {
      duplicates: { asFloat32: ['hours', 'age_years'] },
      nulls: 'drop',
      // CHANGE: rows for which a rule does not hold are left out, and counted under its name.
      rules: [
        { name: 'no_time_taken', keep: greater(column('hours'), 0) },
        { name: 'took_days', keep: less(column('hours'), 24) },
        { name: 'age_unbelievable', keep: between(column('age_years'), 0, 60) },
      ],
    },
    // CHANGE: numbers of about -1 to 1 are learnt best, so divide by what is usual. A category of n values takes n inputs.
    features: [
      { kind: 'number', name: 'age', value: divide(column('age_years'), 10) },
      { kind: 'number', name: 'parts_to_replace', value: divide(column('parts'), 5) },
      { kind: 'category', name: 'kind_of_bicycle', code: position(column('kind'), KINDS), size: KINDS.length },
      { kind: 'category', name: 'day_of_week', code: clock('weekday', broughtAt, zone), size: 7 },
      { kind: 'category', name: 'hour_of_day', code: clock('hour', broughtAt, zone), size: 24 },
    ],
  }
}
