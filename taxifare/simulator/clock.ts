// When rides start. The hours are New York's, labelled UTC, as in the public records.
import type { Random } from '../../src/lifecycle/project.ts'
import type { DayPlan } from './calendar.ts'
import { choose, type WeightedChoice, weightedChoice } from './sampling.ts'

/** Rides per 100,000 by weekday (Monday first) and hour. Estimated from the city's public trip records, 2009-2015. */
const WEEK = [
  [
    370, 232, 141, 95, 100, 163, 376, 602, 645, 671, 655, 657, 637, 644, 686, 673, 627, 757, 880, 814, 788, 778, 649,
    549,
  ],
  [
    351, 201, 115, 130, 96, 144, 373, 680, 822, 801, 669, 690, 720, 714, 731, 689, 613, 745, 900, 945, 869, 812, 740,
    597,
  ],
  [
    420, 260, 170, 133, 109, 160, 389, 653, 813, 778, 646, 674, 693, 703, 646, 576, 599, 686, 887, 980, 849, 818, 793,
    646,
  ],
  [
    446, 314, 226, 149, 116, 177, 371, 668, 804, 747, 743, 707, 649, 702, 704, 712, 576, 657, 869, 1009, 942, 899, 905,
    837,
  ],
  [
    623, 422, 312, 206, 179, 193, 378, 635, 801, 757, 669, 646, 721, 680, 722, 663, 617, 689, 878, 953, 970, 919, 893,
    875,
  ],
  [
    848, 731, 578, 471, 292, 162, 165, 262, 364, 482, 635, 692, 764, 739, 698, 732, 650, 675, 800, 898, 863, 867, 961,
    928,
  ],
  [
    875, 763, 642, 536, 360, 186, 158, 185, 284, 399, 529, 591, 693, 694, 713, 630, 634, 691, 636, 627, 580, 541, 567,
    485,
  ],
]

/** Who recorded a ride. Vendor B's meters wrote whole minutes until 2015, and positions in thousandths of a minute of arc. */
export type Vendor = 'A' | 'B'

export interface Start {
  day: DayPlan
  hour: number
  pickupMs: number
  vendor: Vendor
  /** Whether its second was not drawn together with other rides'. */
  isAlone: boolean
}

// The public samples were drawn by second: whoever was picked up in a drawn second is in. So half of the rides share
// theirs: 28 % with a few rides of the same second, 25 % (of vendor B, before 2015) with all those of the same minute.
const SHARES = { aloneA: 0.247, aloneB: 0.218, secondA: 0.282 } // the rest: crowded minutes of vendor B
const SHARES_2015 = { alone: 0.49, vendorB: 0.47 }
/** Chance that one more ride shares the second of the ride before. */
const ONE_MORE = 0.638
/** Rides that fill two crowded minutes, before the next two begin. */
const CROWD = 390
const FIRST_OF_TWO = 0.62

/** Draws the starts of one month's rides, one after the other; a shorter table takes the first of them. */
export class MonthClock {
  readonly #days: readonly DayPlan[]
  readonly #choice: WeightedChoice
  readonly #hours: readonly WeightedChoice[]
  readonly #random: Random
  readonly #hasWholeMinutes: boolean
  readonly #crowds: { day: DayPlan; hour: number; pickupMs: number }[] = []
  #crowded = 0
  #last: { day: DayPlan; hour: number; pickupMs: number } | null = null

  constructor(days: readonly DayPlan[], random: Random) {
    this.#days = days
    this.#random = random
    this.#choice = weightedChoice(days.map(({ demand, weekday }) => demand * WEEK[weekday]!.reduce((a, b) => a + b, 0)))
    this.#hours = WEEK.map(weightedChoice)
    this.#hasWholeMinutes = (days[0]?.startMs ?? 0) < Date.parse('2015-01-01T00:00:00Z')
  }

  next(): Start {
    const kind = this.#random.uniform()
    if (!this.#hasWholeMinutes) {
      const vendor = this.#random.uniform() < SHARES_2015.vendorB ? 'B' : 'A'
      const isAlone = kind < SHARES_2015.alone
      return { ...(isAlone ? this.#draw(1000) : this.#share()), vendor, isAlone }
    }
    if (kind < SHARES.aloneA) return { ...this.#draw(1000), vendor: 'A', isAlone: true }
    if (kind < SHARES.aloneA + SHARES.aloneB) return { ...this.#draw(60_000), vendor: 'B', isAlone: true }
    if (kind < SHARES.aloneA + SHARES.aloneB + SHARES.secondA) return { ...this.#share(), vendor: 'A', isAlone: false }
    return { ...this.#crowd(), vendor: 'B', isAlone: false }
  }

  #draw(stepMs: number): { day: DayPlan; hour: number; pickupMs: number } {
    const day = this.#days[choose(this.#choice, this.#random)]!
    const hour = choose(this.#hours[day.weekday]!, this.#random)
    const step = this.#random.below(3_600_000 / stepMs)
    return { day, hour, pickupMs: day.startMs + hour * 3_600_000 + step * stepMs }
  }

  #share(): { day: DayPlan; hour: number; pickupMs: number } {
    if (this.#last === null || this.#random.uniform() >= ONE_MORE) this.#last = this.#draw(1000)
    return this.#last
  }

  #crowd(): { day: DayPlan; hour: number; pickupMs: number } {
    const pair = Math.floor(this.#crowded++ / CROWD)
    const index = 2 * pair + (this.#random.uniform() < FIRST_OF_TWO ? 0 : 1)
    while (this.#crowds.length <= index) this.#crowds.push(this.#draw(60_000))
    return this.#crowds[index]!
  }
}
