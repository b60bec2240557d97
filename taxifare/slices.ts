// How the errors of a fare model are looked at: by hour, distance and fare.
import { clock, column } from '../src/features/expressions.ts'
import type { Slice } from '../src/lifecycle/project.ts'
import { haversineKm, NEW_YORK } from './features.ts'

/** By New York's hours, whichever way times are read, by kilometres as the crow flies, and by what was paid. */
export function taxifareSlices(pickupTimes: 'utc' | 'local'): Slice[] {
  const zone = pickupTimes === 'utc' ? NEW_YORK : 'UTC'
  const hours = Array.from({ length: 24 }, (_, hour) => ({ value: hour, label: String(hour).padStart(2, '0') }))
  return [
    {
      name: 'hour',
      label: "hour of pick-up, New York's clocks",
      of: clock('hour', column('pickup_datetime'), zone),
      bands: { values: hours },
    },
    {
      name: 'distance',
      label: 'distance as the crow flies',
      unit: 'km',
      of: haversineKm(),
      bands: { cuts: [0.5, 1, 1.5, 2, 3, 4, 6, 9, 14, 20] },
    },
    {
      name: 'fare',
      label: 'actual fare',
      unit: 'USD',
      of: column('fare_amount'),
      bands: { cuts: [4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 45, 60] },
    },
  ]
}
