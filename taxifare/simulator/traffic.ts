// How many ticks a ride puts on the meter: its way through the street grid, the hour's traffic, the day's, and luck.
import type { Random } from '../../src/lifecycle/project.ts'
import type { Place } from './places.ts'
import { interpolate } from './sampling.ts'
import type { Area } from './zones.ts'

// All tables: a median regression of log meter ticks on the city's public trip records, 2009-2015. Effects are in log units.

/** Kilometres of way, and log ticks for them, at midnight in a September of 2009. */
const WAY_LOG_KM = [0.5, 0.8, 1.2, 1.7, 2.3, 3, 4, 5.5, 8, 12, 18, 25].map((km) => Math.log(km))
const LOG_TICKS = [0.726, 1.143, 1.545, 1.894, 2.199, 2.452, 2.733, 3.053, 3.44, 3.785, 4.12, 4.49]

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
  LGA: -0.01,
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
  LGA: -0.055,
  JFK: -0.212,
  EWR: 0.075,
  NJSI: 0.35,
}

/** Each end in midtown, 8 to 19 on working days. */
const MIDTOWN_BY_DAY = 0.086
/** Crossing the avenues is slower than going along them: share of the way that does, against its mean of 0.35. */
const CROSSTOWN = 0.32
/** Corners: way along the grid over the straight line, from 1 to 1.45, against its mean of 1.25. */
const CORNERS = 0.213

/**
 * Luck: log ticks over the median at these chances, for ways of under 0.9, 1.5, 2.2, 3.5, 6, 11 km and more. The
 * regression's residuals, narrowed (by 8 % for the shortest way to 32 % for the longest) to what boosted trees leave
 * unexplained of the real fares: the regression knows less of the streets than they do.
 */
const CHANCES = [
  0.0005, 0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.25, 0.4, 0.5, 0.6, 0.75, 0.85, 0.92, 0.96, 0.98, 0.99, 0.995,
  0.998, 0.9995,
]
const WAY_CLASSES_KM = [0.9, 1.5, 2.2, 3.5, 6, 11]
const LUCK = [
  [
    -1.797, -1.683, -1.544, -1.458, -1.264, -0.827, -0.666, -0.501, -0.317, -0.123, 0, 0.128, 0.358, 0.584, 0.849,
    1.188, 1.491, 1.87, 2.12, 2.737, 3.177,
  ],
  [
    -1.07, -0.901, -0.751, -0.651, -0.566, -0.473, -0.379, -0.28, -0.185, -0.071, 0, 0.075, 0.217, 0.348, 0.519, 0.701,
    0.881, 1.114, 1.391, 1.686, 2.176,
  ],
  [
    -1.19, -0.763, -0.572, -0.48, -0.41, -0.346, -0.278, -0.205, -0.136, -0.052, 0, 0.054, 0.154, 0.254, 0.37, 0.5,
    0.652, 0.808, 1.032, 1.362, 1.951,
  ],
  [
    -1.25, -0.818, -0.555, -0.423, -0.34, -0.279, -0.218, -0.161, -0.105, -0.04, 0.001, 0.042, 0.118, 0.197, 0.297,
    0.41, 0.522, 0.652, 0.803, 1.041, 1.488,
  ],
  [
    -1.539, -1.135, -0.766, -0.447, -0.32, -0.249, -0.186, -0.134, -0.088, -0.035, -0.001, 0.035, 0.1, 0.167, 0.249,
    0.331, 0.42, 0.527, 0.67, 0.895, 1.25,
  ],
  [
    -1.948, -1.525, -1.056, -0.642, -0.314, -0.235, -0.174, -0.122, -0.079, -0.028, 0.001, 0.03, 0.085, 0.138, 0.197,
    0.264, 0.338, 0.417, 0.516, 0.719, 0.933,
  ],
  [
    -2.322, -2.028, -1.527, -1.111, -0.364, -0.226, -0.175, -0.126, -0.084, -0.031, -0.002, 0.027, 0.079, 0.121, 0.168,
    0.229, 0.277, 0.36, 0.45, 0.532, 0.653,
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

/** A ride around the corner is often a detour, a wait, or a second stop: its luck counts more. */
const AROUND_THE_CORNER = { km: 0.45, factor: 1.7 }

function luck(wayKm: number, random: Random): number {
  let row = 0
  while (row < WAY_CLASSES_KM.length && wayKm >= WAY_CLASSES_KM[row]!) row++
  const value = interpolate(CHANCES, LUCK[row]!, random.uniform())
  return wayKm < AROUND_THE_CORNER.km ? AROUND_THE_CORNER.factor * value : value
}
