// A project whose first model takes a while to learn.
import { deliveries } from '../deliveries/project.ts'

export const project = deliveries({ '2020-01': { rows: 100_000 } })
