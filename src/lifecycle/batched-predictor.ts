// One model for many callers at once: requests that arrive together are scored together, and large ones in pieces in between.
import { PlannedError } from '../kernel/errors.ts'
import type { Predictor, RowIntervals } from '../learning/port.ts'
import type { Batch } from '../warehouse/port.ts'
import { type FlagRows, withoutPrediction } from './range-flags.ts'

/**
 * Rows scored at once, so that whatever else waits does not wait long: as many as took so long last time. A network scores a
 * thousand in a millisecond, a thousand trees need twenty for them.
 */
const TURN_MS = 4
const MOST_TURN_ROWS = 1_024
const LEAST_TURN_ROWS = 16
const FIRST_TURN_ROWS = 64

/** Predictions and flags, a row each. A row without a prediction has NaN. */
export interface Scored {
  readonly values: Float64Array
  readonly flags: readonly (readonly string[])[]
  /** A level each, where they were asked for and the version has them; none otherwise. A row without a prediction has NaN. */
  readonly intervals: readonly RowIntervals[]
}

/** Rows that wait to be scored, or are under way. */
interface Job {
  readonly columns: Batch['columns']
  readonly rows: number
  readonly values: Float64Array
  readonly flags: (readonly string[])[]
  readonly intervals: readonly RowIntervals[]
  done: number
  resolve(scored: Scored): void
  reject(error: unknown): void
}

/** Some of a job's rows. */
interface Piece {
  readonly job: Job
  readonly from: number
  readonly rows: number
}

/** What may be asked for beside predictions. */
export interface ScoreOptions {
  readonly intervals?: boolean
}

/** Scores rows of `columns`; what cannot be scored throws as the predictor does, for its own caller only. */
export type Score = (columns: Batch['columns'], rows: number, options?: ScoreOptions) => Promise<Scored>

/** Small jobs go before the rest of larger ones. Each row's answer is the same, whatever it is scored together with. */
export function batched(predictor: Predictor, names: readonly string[], flag: FlagRows): Score {
  let waiting: Job[] = []
  let isRunning = false
  let turnRows = FIRST_TURN_ROWS
  const scratch = Object.fromEntries(names.map((name) => [name, new Float64Array(MOST_TURN_ROWS)]))

  const scorePieces = async (pieces: readonly Piece[]): Promise<void> => {
    let rows = 0
    for (const { job, from, rows: count } of pieces) {
      for (const name of names) scratch[name]?.set(columnOf(job, name).subarray(from, from + count), rows)
      rows += count
    }
    // Predictions alone are quicker, and nearly all that is ever asked for.
    const { values, intervals } = pieces.some(({ job }) => job.intervals.length > 0)
      ? await predictor.predictWithIntervals(scratch, rows)
      : { values: await predictor.predict(scratch, rows), intervals: [] }
    const flags = flag(scratch, rows)
    handOut(pieces, { values, intervals, flags })
  }

  const turn = async (): Promise<void> => {
    while (waiting.length > 0) {
      const pieces = nextPieces(waiting, turnRows)
      const startedAt = performance.now()
      try {
        await scorePieces(pieces)
        turnRows = rowsForNext(turnRows, pieces, performance.now() - startedAt)
      } catch (error) {
        await alone(pieces, error, scorePieces)
      }
      for (const { job } of pieces) {
        const { values, flags, intervals } = job
        if (job.done === job.rows) job.resolve({ values, flags, intervals })
      }
      waiting = waiting.filter((job) => job.done < job.rows)
    }
    isRunning = false
  }

  const levels = predictor.intervals?.bounds.map(({ level }) => level) ?? []
  return (columns, rows, options = {}) =>
    new Promise((resolve, reject) => {
      const values = new Float64Array(rows)
      const wanted = options.intervals === true ? levels : []
      const intervals = wanted.map((level) => ({ level, low: new Float64Array(rows), high: new Float64Array(rows) }))
      if (rows === 0) return resolve({ values, flags: [], intervals })
      waiting.push({ columns, rows, values, flags: new Array(rows), intervals, done: 0, resolve, reject })
      if (isRunning) return
      isRunning = true
      setImmediate(() => void turn()) // whatever arrived with it in this turn of the event loop comes along
    })
}

/** Gives each job what came of its rows, which lie one behind the other. */
function handOut(pieces: readonly Piece[], { values, intervals, flags }: Scored): void {
  let at = 0
  for (const { job, from, rows } of pieces) {
    for (let row = from; row < from + rows; row++, at++) {
      const value = values[at] ?? Number.NaN
      const isNumber = Number.isFinite(value)
      job.values[row] = isNumber ? value : Number.NaN
      job.flags[row] = isNumber ? (flags[at] ?? []) : withoutPrediction(flags[at] ?? [])
      for (const [level, { low, high }] of job.intervals.entries()) {
        low[row] = isNumber ? (intervals[level]?.low[at] ?? Number.NaN) : Number.NaN
        high[row] = isNumber ? (intervals[level]?.high[at] ?? Number.NaN) : Number.NaN
      }
    }
    job.done += rows
  }
}

/** The rows of the next turn: first the jobs that fit whole, in their order, then as much of the first larger one as there is room for. */
function nextPieces(waiting: readonly Job[], turnRows: number): Piece[] {
  const pieces: Piece[] = []
  let room = turnRows
  for (const job of waiting) {
    const rows = job.rows - job.done
    if (rows > room || rows >= turnRows / 2) continue
    pieces.push({ job, from: job.done, rows })
    room -= rows
  }
  const larger = waiting.find((job) => job.rows - job.done >= turnRows / 2)
  if (larger !== undefined && room > 0) {
    pieces.push({ job: larger, from: larger.done, rows: Math.min(room, larger.rows - larger.done) })
  }
  return pieces
}

/** How many rows the next turn may have, after one that took `ms`. A turn with room left says little: it is mostly the call itself. */
function rowsForNext(turnRows: number, pieces: readonly Piece[], ms: number): number {
  const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0)
  if (rows < turnRows / 2) return turnRows
  return Math.max(LEAST_TURN_ROWS, Math.min(MOST_TURN_ROWS, Math.floor((rows * TURN_MS) / ms)))
}

/** What failed together is tried one by one: a value that the model cannot take is told to whoever sent it, and to nobody else. */
async function alone(
  pieces: readonly Piece[],
  error: unknown,
  score: (pieces: readonly Piece[]) => Promise<void>,
): Promise<void> {
  for (const piece of pieces) {
    try {
      if (pieces.length === 1) throw error
      await score([piece])
    } catch (own) {
      piece.job.done = Number.POSITIVE_INFINITY // no more of it is scored
      piece.job.reject(own)
    }
  }
}

function columnOf({ columns }: Job, name: string): Float64Array {
  const column = columns[name]
  if (column !== undefined) return column
  throw new PlannedError('BAD_INPUT', `these rows have no column ${name}`, { next: 'add it' })
}
