// A second, small project that has nothing to do with taxis: how many minutes a parcel takes. It keeps the rooms honest, and its
// months can be made to order.
import { clock, column, divide, greater, less, multiply } from '../../src/features/expressions.ts'
import type { FeatureSpecification } from '../../src/features/specification.ts'
import {
  type Batch,
  DAY_MS,
  defineProject,
  type Month,
  monthsOf,
  monthWindow,
  type Project,
  parseDay,
  seededRandom,
} from '../../src/lifecycle/project.ts'

/** How a month is. */
export interface Conditions {
  /** Minutes a kilometre takes. */
  readonly pace: number
  /** Half-width of what nobody can foresee, in minutes. */
  readonly noise: number
  readonly rows: number
  /** Days of the month that have parcels, from the first on. */
  readonly days: number
}

const USUAL: Conditions = { pace: 3, noise: 2, rows: 600, days: 28 }
const HISTORY_FROM = '2020-01-01'
const HISTORY_TO = '2020-07-01'

/** The project, with January to June 2020 as usual but for the months named. */
export function deliveries(months: Readonly<Partial<Record<Month, Partial<Conditions>>>> = {}): Project {
  return defineProject({
    name: 'deliveries',
    row: { one: 'parcel', many: 'parcels' },
    metric: { name: 'mae', unit: 'min' },
    defaultThreshold: 2,
    sizes: ['small'],
    defaultSize: 'small',
    historyFrom: HISTORY_FROM,
    defaultEvaluationStart: '2020-04-01',
    replayMonths: { from: '2020-04', to: '2020-06' },
    specification,
    simulate: async function* () {
      for (const month of monthsOf({ fromMs: parseDay(HISTORY_FROM), toMs: parseDay(HISTORY_TO) })) {
        yield simulateMonth(month, { ...USUAL, ...months[month] })
      }
    },
    request: [
      { name: 'left_at', kind: 'time', label: 'Left at', example: '2020-03-02 08:30:00', zone: 'Asia/Kolkata' },
      { name: 'distance_km', kind: 'number', label: 'Kilometres', example: '4.2' },
      { name: 'parcels', kind: 'integer', label: 'Parcels on board', example: '12' },
    ],
    replyKey: 'minutes',
  })
}

/** Loaded by path, as any project is. */
export const project = deliveries()

function specification(): FeatureSpecification {
  return {
    columns: [
      { name: 'minutes', type: 'double' },
      { name: 'left_at', type: 'timestamp' },
      { name: 'distance_km', type: 'double' },
      { name: 'parcels', type: 'integer' },
    ],
    timeColumn: 'left_at',
    target: 'minutes',
    cleaning: {
      duplicates: { asFloat32: ['minutes', 'distance_km'] },
      nulls: 'drop',
      rules: [
        { name: 'no_distance', keep: greater(column('distance_km'), 0) },
        { name: 'took_days', keep: less(column('minutes'), 1440) },
      ],
    },
    features: [
      { kind: 'number', name: 'distance', value: divide(column('distance_km'), 10) },
      { kind: 'number', name: 'load', value: multiply(column('parcels'), 0.05) },
      { kind: 'category', name: 'hour_of_day', code: clock('hour', column('left_at'), 'Asia/Kolkata'), size: 24 },
    ],
  }
}

/** One month of parcels; every hundredth is broken in a way that cleaning knows. */
export function simulateMonth(month: Month, { pace, noise, rows, days }: Conditions): Batch {
  const random = seededRandom(7, Number(month.replace('-', '')))
  const { fromMs } = monthWindow(month)
  const columns = {
    minutes: new Float64Array(rows),
    left_at: new Float64Array(rows),
    distance_km: new Float64Array(rows),
    parcels: new Float64Array(rows),
  }
  for (let row = 0; row < rows; row++) {
    const second = random.below((days * DAY_MS) / 1000)
    const distanceKm = row % 100 === 99 ? 0 : 0.5 + 9 * random.uniform()
    const parcels = 1 + random.below(20)
    const rush = new Date(fromMs + second * 1000).getUTCHours() === 7 ? 4 : 0
    columns.left_at[row] = fromMs + second * 1000
    columns.distance_km[row] = distanceKm
    columns.parcels[row] = parcels
    columns.minutes[row] = 5 + pace * distanceKm + 0.2 * parcels + rush + noise * (2 * random.uniform() - 1)
  }
  return { rows, columns }
}
