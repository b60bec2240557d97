// Months played again in a place of their own: what would have happened, without touching what serves.
import { digestOf } from '../kernel/json.ts'
import { type Month, monthWindow } from '../kernel/window.ts'
import type { CycleOutcome, FirstModelOutcome } from './outcome.ts'
import { fingerprintOf } from './preprocess.ts'
import { tablesOf } from './project.ts'
import { ensureRawTable, type Watch } from './raw-table.ts'
import type { LifecycleRooms } from './rooms.ts'
import { type CycleRequest, runCycle } from './run-cycle.ts'

export interface ReplayRequest
  extends Omit<CycleRequest, 'fromMs' | 'toMs' | 'acceptFirst' | 'again' | 'challenger' | 'onEscalate'> {
  /** In order, each once. */
  readonly months: readonly Month[]
  /** What stands in for a person: the champion stays, or the better of two that are not good enough goes on. */
  readonly onEscalate: 'keep' | 'promote-better'
}

export interface Replay {
  /** The model and experiment this replay is kept under. */
  readonly model: string
  readonly experiment: string
  readonly first: FirstModelOutcome | null
  readonly months: readonly CycleOutcome[]
}

/**
 * Plays months one after the other, the first model learnt on everything before them and always accepted. Model and experiment
 * carry a digest of the data, months, settings, seed and code: the same replay goes on where it stopped, or is printed again;
 * another one starts anew. It asks nobody and its name is never the real model's.
 */
export async function replay(
  rooms: LifecycleRooms,
  request: ReplayRequest,
  watch: Watch & { readonly onMonth?: (outcome: CycleOutcome) => void },
): Promise<Replay> {
  const place = await placeOf(rooms, request, watch)
  const { months, ...settings } = request
  const outcomes: CycleOutcome[] = []
  let first: FirstModelOutcome | null = null
  for (const month of months) {
    const asked: CycleRequest = {
      ...settings,
      ...place,
      ...monthWindow(month),
      acceptFirst: true,
      again: false,
      challenger: null,
    }
    const result = await runCycle({ ...rooms, outputs: null }, asked, watch)
    first ??= result.first
    if (result.cycle === null) throw new Error(`replay ${place.model}: ${month} gave no outcome`)
    outcomes.push(result.cycle)
    watch.onMonth?.(result.cycle)
  }
  return { ...place, first, months: outcomes }
}

async function placeOf(
  rooms: LifecycleRooms,
  request: ReplayRequest,
  watch: Watch,
): Promise<{ model: string; experiment: string }> {
  const { origin } = await ensureRawTable(rooms, request.size, watch)
  const { model, experiment, months, ...settings } = request
  const last = months.at(-1)
  const toMs = last === undefined ? rooms.project.historyFromMs : monthWindow(last).toMs
  const window = { fromMs: rooms.project.historyFromMs, toMs }
  const data = await fingerprintOf(rooms.warehouse, tablesOf(rooms.project, request).raw, window)
  const { codeDigest, packagesDigest } = rooms.provenance
  const digest = digestOf({ origin, data, months, settings, codeDigest, packagesDigest }).slice(0, 12)
  const name = `${model}_replay_${digest}`
  return { model: name, experiment: name }
}

/** Whether a model's name is a replay's. */
export function isReplay(model: string): boolean {
  return /_replay_[0-9a-f]{12}$/.test(model)
}
