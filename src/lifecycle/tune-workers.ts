// How many settings are tried at a time.
import type { TimeWindow } from '../kernel/window.ts'
import { tablesOf } from './project.ts'
import type { CycleInput, LifecycleRooms } from './rooms.ts'

/** Each trial holds its rows: of more than these, one at a time has them. */
const ROWS_TO_SHARE = 5_000_000

/**
 * Two at a time, or one where the raw rows of the window are many. The rows decide, not the machine: what is tried next depends on how
 * many are tried at a time.
 */
export async function usualWorkers(
  { project, warehouse }: Pick<LifecycleRooms, 'project' | 'warehouse'>,
  data: Pick<CycleInput, 'size' | 'timeReading'>,
  window: TimeWindow,
): Promise<number> {
  const rows = await warehouse.count(tablesOf(project, data).raw, { fromMs: window.fromMs, toMs: window.toMs })
  return rows > ROWS_TO_SHARE ? 1 : 2
}
