// How many ticks a ride puts on the meter: its way through the street grid, the hour's traffic, the day's, and luck.
import type { Random } from '../../src/kernel/random.ts'
import type { Place } from './places.ts'
import { interpolate } from './sampling.ts'
import type { Area } from './zones.ts'

// All tables: a median regression of log meter ticks on the city's public trip records, 2009-2015. Effects are in log units.

/** Kilometres of way, and log ticks for them, at midnight in a September of 2009. */
const WAY_LOG_KM = [0.5, 0.8, 1.2, 1.7, 2.3, 3, 4, 5.5, 8, 12, 18, 25].map((km) => Math.log(km))
const LOG_TICKS = [0.726, 1.143, 1.545, 1.894, 2.209, 2.472, 2.763, 3.083, 3.467, 3.823, 4.157, 4.505]

/** Effect of the hour: working days, Saturday, Sunday. */
const HOURS = [
  [
    0, -0.012, -0.027, -0.047, -0.046, -0.037, -0.048, 0.084, 0.138, 0.187, 0.18, 0.19, 0.199, 0.196, 0.195, 0.177,
    0.138, 0.157, 0.142, 0.158, 0.102, 0.089, 0.067, 0.039,
  ],
  [
    0.077, 0.049, 0.031, 0.007, -0.042, -0.076, -0.088, -0.065, -0.002, 0.022, 0.064, 0.139, 0.167, 0.165, 0.174, 0.192,
    0.133, 0.124, 0.173, 0.178, 0.161, 0.127, 0.117, 0.119,
  ],
  [
    0.081, 0.032, 0.013, 0.012, -0.01, -0.015, -0.057, -0.1, -0.031, -0.032, 0.001, 0.061, 0.12, 0.131, 0.147, 0.107,
    0.137, 0.108, 0.107, 0.085, 0.069, 0.038, 0.012, -0.008,
  ],
]
/** Monday to Friday against a Wednesday. */
const WORKING_DAYS = [-0.06, -0.012, 0, 0.011, 0.011]

const LEAVING: Record<Area, number> = {
  FIDI: 0.036,
  VILL: 0.003,
  MIDS: -0.007,
  MIDT: 0,
  UES: -0.011,
  UWS: -0.01,
  HARL: -0.015,
  BKQ: -0.009,
  LGA: -0.045,
  JFK: -0.057,
  EWR: 0.106,
  NJSI: 0.106,
}
const ARRIVING: Record<Area, number> = {
  FIDI: 0.071,
  VILL: -0.019,
  MIDS: 0.003,
  MIDT: 0,
  UES: -0.09,
  UWS: -0.078,
  HARL: -0.026,
  BKQ: -0.046,
  LGA: -0.081,
  JFK: -0.212,
  EWR: 0.12,
  NJSI: 0.35,
}

/** Each end in midtown, 8 to 19 on working days. */
const MIDTOWN_BY_DAY = 0.086
/** Crossing the avenues is slower than going along them: share of the way that does, against its mean of 0.35. */
const CROSSTOWN = 0.32
/** Corners: way along the grid over the straight line, from 1 to 1.45, against its mean of 1.25. */
const CORNERS = 0.213

/** Luck: log ticks over the median at these chances, for ways of under 0.9, 1.5, 2.2, 3.5, 6, 11 km and more. */
const CHANCES = [
  0.0005, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.4, 0.5, 0.6, 0.75, 0.85, 0.92, 0.96, 0.98, 0.99, 0.995,
  0.998, 0.9995,
]
const WAY_CLASSES_KM = [0.9, 1.5, 2.2, 3.5, 6, 11]
const LUCK = [
  [
    -1.855, -1.738, -1.594, -1.506, -1.305, -0.854, -0.688, -0.518, -0.328, -0.127, 0, 0.132, 0.37, 0.603, 0.877, 1.226,
    1.54, 1.931, 2.189, 2.826, 3.28,
  ],
  [
    -1.109, -0.933, -0.778, -0.674, -0.587, -0.49, -0.393, -0.29, -0.192, -0.073, 0, 0.077, 0.225, 0.36, 0.537, 0.726,
    0.912, 1.154, 1.441, 1.747, 2.255,
  ],
  [
    -1.249, -0.801, -0.601, -0.504, -0.431, -0.363, -0.292, -0.215, -0.143, -0.055, 0, 0.056, 0.161, 0.267, 0.388,
    0.525, 0.685, 0.848, 1.084, 1.431, 2.049,
  ],
  [
    -1.314, -0.86, -0.583, -0.444, -0.358, -0.294, -0.229, -0.17, -0.111, -0.042, 0.001, 0.044, 0.124, 0.207, 0.312,
    0.43, 0.549, 0.686, 0.845, 1.094, 1.565,
  ],
  [
    -1.621, -1.196, -0.807, -0.471, -0.337, -0.262, -0.196, -0.141, -0.092, -0.036, -0.001, 0.036, 0.105, 0.176, 0.262,
    0.348, 0.442, 0.555, 0.706, 0.943, 1.317,
  ],
  [
    -2.056, -1.61, -1.115, -0.677, -0.331, -0.248, -0.184, -0.128, -0.084, -0.03, 0.001, 0.032, 0.09, 0.145, 0.207,
    0.278, 0.356, 0.44, 0.544, 0.759, 0.985,
  ],
  [
    -2.458, -2.147, -1.617, -1.176, -0.385, -0.24, -0.185, -0.133, -0.089, -0.032, -0.002, 0.028, 0.084, 0.128, 0.178,
    0.243, 0.293, 0.381, 0.477, 0.564, 0.691,
  ],
]

/** What the traffic of a ride's day is like. */
export interface DayTraffic {
  /** Log ticks more than usual. */
  readonly slowness: number
  /** How much luck counts: 1 as usual, more on a day of rain, closed streets and detours. */
  readonly unsteadiness: number
}

export interface RideTime {
  readonly hour: number
  /** 0 = Monday … 6 = Sunday. */
  readonly weekday: number
}

/**
 * Ticks of the meter (distance and waiting together) for a ride, not yet whole.
 *
 * Units   kilometres in; ticks out, each worth one step of the fare.
 * Error   the median over a class of distance and hour is the public records' to about 3 %.
 */
export function meterTicks(pickup: Place, dropoff: Place, time: RideTime, day: DayTraffic, random: Random): number {
  const along = Math.abs(pickup.alongKm - dropoff.alongKm)
  const cross = Math.abs(pickup.crossKm - dropoff.crossKm)
  const grid = along + cross
  const straight = Math.sqrt(along * along + cross * cross)
  const way = 0.55 * grid + 0.5625 * straight // between the grid's corners and a road's usual detour of a quarter

  const isWorking = time.weekday < 5
  let log = interpolate(WAY_LOG_KM, LOG_TICKS, Math.log(Math.max(way, 0.2)))
  log += HOURS[Math.max(0, time.weekday - 4)]![time.hour]! + (isWorking ? WORKING_DAYS[time.weekday]! : 0)
  log += LEAVING[pickup.area] + ARRIVING[dropoff.area] + day.slowness
  if (isWorking && time.hour >= 8 && time.hour < 19) {
    log += MIDTOWN_BY_DAY * (Number(isMidtown(pickup.area)) + Number(isMidtown(dropoff.area)))
  }
  log += CROSSTOWN * (cross / (grid + 0.01) - 0.35)
  log += CORNERS * (Math.min(1.45, Math.max(1, grid / (straight + 0.01))) - 1.25)
  return Math.exp(log + day.unsteadiness * luck(way, random))
}

function isMidtown(area: Area): boolean {
  return area === 'MIDT' || area === 'MIDS'
}

function luck(wayKm: number, random: Random): number {
  let row = 0
  while (row < WAY_CLASSES_KM.length && wayKm >= WAY_CLASSES_KM[row]!) row++
  return interpolate(CHANCES, LUCK[row]!, random.uniform())
}
