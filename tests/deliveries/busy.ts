// The same deliveries, so many of them that versions have intervals; in May they take longer than anybody could have known.
import { deliveries } from './project.ts'

const MANY = { rows: 7_000 }

export const project = deliveries({
  '2020-01': MANY,
  '2020-02': MANY,
  '2020-03': MANY,
  '2020-04': MANY,
  '2020-05': { ...MANY, pace: 3.2 },
  '2020-06': MANY,
})
