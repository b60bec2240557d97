// A project whose months end in every way: April 2020 is slower, so that the challenger is promoted; in May nobody can foresee anything,
// so that a person is asked; June is as usual. `UNDERSTUDY_PROJECT` names this file.
import { deliveries } from '../deliveries/project.ts'

export const project = deliveries({ '2020-04': { pace: 3.6 }, '2020-05': { pace: 3.6, noise: 12 } })
