// The project of the benchmark of large tables: rides drawn by hashing their number, with eleven numeric features.
import {
  absolute,
  add,
  clock,
  column,
  divide,
  multiply,
  square,
  squareRoot,
  subtract,
} from '../src/features/expressions.ts'
import type { Expression, Feature, FeatureSpecification } from '../src/features/specification.ts'
import { defineProject } from '../src/lifecycle/project.ts'

const COORDINATES = ['pickup_latitude', 'pickup_longitude', 'dropoff_latitude', 'dropoff_longitude'] as const

export const project = defineProject({
  name: 'large',
  row: { one: 'ride', many: 'rides' },
  metric: { name: 'mae', unit: 'USD' },
  defaultThreshold: 2.5,
  sizes: ['all'],
  defaultSize: 'all',
  historyFrom: '2009-01-01',
  defaultEvaluationStart: '2015-01-01',
  replayMonths: { from: '2015-01', to: '2015-06' },
  specification,
  simulate: null,
  request: [],
  replyKey: 'fare',
})

function specification(): FeatureSpecification {
  return {
    columns: [
      { name: 'fare_amount', type: 'double' },
      { name: 'pickup_datetime', type: 'timestamp' },
      ...COORDINATES.map((name) => ({ name, type: 'double' as const })),
      { name: 'passenger_count', type: 'integer' },
    ],
    timeColumn: 'pickup_datetime',
    target: 'fare_amount',
    cleaning: { duplicates: null, nulls: 'keep', rules: [] },
    features: features(),
  }
}

function features(): Feature[] {
  const time = column('pickup_datetime')
  const [fromLatitude, fromLongitude, toLatitude, toLongitude] = COORDINATES.map((name) => column(name))
  if (!fromLatitude || !fromLongitude || !toLatitude || !toLongitude) throw new Error('there are four coordinates')
  const northKm = multiply(subtract(toLatitude, fromLatitude), 111)
  const eastKm = multiply(subtract(toLongitude, fromLongitude), 84)
  const part = (name: 'hour' | 'weekday' | 'month'): Expression => clock(name, time, 'UTC')
  const values: Readonly<Record<string, Expression>> = {
    passengers: divide(column('passenger_count'), 6),
    weekday: divide(part('weekday'), 7),
    month: divide(part('month'), 12),
    hour: divide(part('hour'), 24),
    days: divide(subtract(time, Date.UTC(2009, 0)), 2_090 * 86_400_000),
    straight_km: divide(squareRoot(add(square(northKm), square(eastKm))), 10),
    street_km: divide(add(absolute(northKm), absolute(eastKm)), 10),
    from_north: multiply(subtract(fromLatitude, 40.75), 10),
    from_east: multiply(subtract(fromLongitude, -73.97), 10),
    to_north: multiply(subtract(toLatitude, 40.75), 10),
    to_east: multiply(subtract(toLongitude, -73.97), 10),
  }
  return Object.entries(values).map(([name, value]) => ({ kind: 'number', name, value }))
}

/** A query that makes of each row of `source` so many rides of its month. */
export function ridesSql(rides: number): string {
  // Hashed twice: hashes of several values at once differ by a constant only where the last of them does.
  const uniform = (stream: number): string => `((hash(xor(number, ${stream}::ubigint)) >> 32)::double / 4294967296.0)`
  const near = (middle: number, spread: number, stream: number): string =>
    `${middle} + ${spread} * (${uniform(stream)} + ${uniform(stream + 10)} + ${uniform(stream + 20)} - 1.5)`
  return `
    with numbered as (
      select date_trunc('month', pickup_datetime) as month, hash(date_trunc('month', pickup_datetime), i) as number
      from source cross join (select unnest(range(${rides})) as i)
    ), drawn as (
      select
        month + to_seconds(floor(${uniform(1)} * 2419200)::bigint) as pickup_datetime,
        ${near(40.75, 0.05, 2)} as pickup_latitude, ${near(-73.97, 0.06, 3)} as pickup_longitude,
        ${near(40.75, 0.06, 4)} as dropoff_latitude, ${near(-73.97, 0.08, 5)} as dropoff_longitude,
        (1 + floor(5.99 * ${uniform(6)} * ${uniform(7)}))::bigint as passenger_count,
        ${uniform(8)} as luck
      from numbered
    ), measured as (
      select *,
        sqrt(pow(111 * (dropoff_latitude - pickup_latitude), 2) + pow(84 * (dropoff_longitude - pickup_longitude), 2)) as km,
        case when hour(pickup_datetime) between 8 and 18 then 1.3 else 1 end
          * case when pickup_datetime > timestamp '2012-09-04' then 1.17 else 1 end as pace
      from drawn
    )
    select 2.5 + pace * 2.1 * km + case when pickup_longitude > -73.93 then 5.0 else 0.0 end + 4 * (luck - 0.5) as fare_amount,
      pickup_datetime, pickup_latitude, pickup_longitude, dropoff_latitude, dropoff_longitude, passenger_count
    from measured`
}
