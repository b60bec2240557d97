// Rows that are made up, so that everything runs before you have any: a year of history and four fresh months. Electric bicycles grow
// more intricate from month to month, so a model that is not kept up gets worse. The same call always makes the same rows.
import {
  type Batch,
  DAY_MS,
  type Month,
  monthsOf,
  monthWindow,
  parseDay,
  seededRandom,
  throwIfCancelled,
} from '../../src/lifecycle/project.ts'

/** The sizes of table there are, smallest first. */
export const SIZES = ['small', 'large'] as const
const ROWS_PER_MONTH: Readonly<Record<string, number>> = { small: 1_500, large: 15_000 }

const FROM = '2024-01-01'
const TO = '2025-05-01'

/** The months one after the other. */
export async function* simulateRepairs(
  size: string,
  options: { signal?: AbortSignal; onProgress?: (month: Month, rows: number) => void },
): AsyncIterable<Batch> {
  const rows = ROWS_PER_MONTH[size] ?? 0
  for (const [index, month] of monthsOf({ fromMs: parseDay(FROM), toMs: parseDay(TO) }).entries()) {
    throwIfCancelled(options.signal)
    options.onProgress?.(month, rows)
    yield simulateMonth(month, index, rows)
  }
}

/** One month; every fiftieth row has a fault that cleaning finds. */
function simulateMonth(month: Month, index: number, rows: number): Batch {
  const random = seededRandom(1, index)
  const { fromMs, toMs } = monthWindow(month)
  const days = (toMs - fromMs) / DAY_MS
  const columns = {
    hours: new Float64Array(rows),
    brought_at: new Float64Array(rows),
    kind: new Float64Array(rows),
    age_years: new Float64Array(rows),
    parts: new Float64Array(rows),
  }
  for (let row = 0; row < rows; row++) {
    const openFor = random.below(10 * 3600) // the shop is open from 7 to 17 h, UTC
    const kind = 1 + random.below(3)
    const ageYears = 15 * random.uniform() ** 2
    const parts = random.below(6)
    const intricate = kind === 3 ? 0.8 + 0.06 * index : 0
    const luck = 0.8 * (random.uniform() + random.uniform() - 1)
    columns.hours[row] = row % 50 === 49 ? 0 : 1 + 0.08 * ageYears + 0.35 * parts + intricate + luck
    columns.brought_at[row] = fromMs + random.below(days) * DAY_MS + (7 * 3600 + openFor) * 1000
    columns.kind[row] = kind
    columns.age_years[row] = ageYears
    columns.parts[row] = parts
  }
  return { rows, columns }
}
