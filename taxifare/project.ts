// The reference project: the fare of a New York taxi ride.
import { defineProject } from '../src/lifecycle/project.ts'
import { taxifareSpecification } from './features.ts'
import { simulateRides, type TableSize } from './simulator/city.ts'
import { taxifareSlices } from './slices.ts'
import { TREE_FEATURES, TREE_SETTINGS, tripSpecification } from './trip-features.ts'

const SIZES = ['1k', '200k', 'all'] as const satisfies readonly TableSize[]
const RECIPE_FEATURES = taxifareSpecification('utc').features.map(({ name }) => name)

export const project = defineProject({
  name: 'taxifare',
  row: { one: 'ride', many: 'rides' },
  metric: { name: 'mae', unit: 'USD' },
  defaultThreshold: 2.5,
  sizes: SIZES,
  defaultSize: '200k',
  tablePrefix: '', // the recipe's own names: raw_200k, processed_200k
  historyFrom: '2009-01-01',
  defaultEvaluationStart: '2015-01-01',
  replayMonths: { from: '2015-01', to: '2015-06' },
  specification: tripSpecification,
  learnsFrom: { mlp: RECIPE_FEATURES, linear: RECIPE_FEATURES, trees: TREE_FEATURES },
  trainerSettings: { trees: TREE_SETTINGS },
  slices: taxifareSlices,
  simulate: (size, options) => {
    const known = SIZES.find((one) => one === size)
    if (known === undefined) throw new Error(`there is no table of size ${size}`)
    return simulateRides(known, options)
  },
  request: [
    {
      name: 'pickup_datetime',
      kind: 'time',
      label: 'Pick-up time',
      example: '2013-07-06 17:18:00',
      zone: 'America/New_York',
    },
    { name: 'pickup_longitude', kind: 'number', label: 'Pick-up longitude', example: '-73.950655' },
    { name: 'pickup_latitude', kind: 'number', label: 'Pick-up latitude', example: '40.783282' },
    { name: 'dropoff_longitude', kind: 'number', label: 'Drop-off longitude', example: '-73.984365' },
    { name: 'dropoff_latitude', kind: 'number', label: 'Drop-off latitude', example: '40.769802' },
    { name: 'passenger_count', kind: 'integer', label: 'Passengers', example: '1' },
  ],
  replyKey: 'fare',
})
