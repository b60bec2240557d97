// Where a ride starts and ends: zones, how they attract each other, and the coordinates a meter's GPS writes down.
import type { Random } from '../../src/lifecycle/project.ts'
import { choose, type WeightedChoice, weightedChoice } from './sampling.ts'
import { AREAS, type Area, ZONES, type Zone } from './zones.ts'

/** Times between which the city moves differently: night, working morning, day, evening. */
export type DayPart = 0 | 1 | 2 | 3

/** The part an hour belongs to; a weekend has no working morning. */
export function dayPart(hour: number, isWeekend: boolean): DayPart {
  if (hour >= 23 || hour < 6) return 0
  if (hour < 10 && !isWeekend) return 1
  return hour < 17 ? 2 : 3
}

// All tables below: estimated from the city's public trip records, 2009-2015, by iterative proportional fitting; the
// shortest bands then corrected for the scatter around a zone's centre.
// Rows are the four parts of the day.

/** How much more, or less, each area starts rides than on average (columns as AREAS). */
const PICKUPS = [
  [1.32, 1.44, 0.92, 0.79, 0.56, 0.55, 1.14, 2.17, 0.54, 0.77, 1.25, 0.66],
  [0.81, 0.87, 1.13, 0.92, 1.49, 1.1, 1, 0.95, 0.78, 0.86, 1.73, 1.47],
  [0.88, 0.83, 0.99, 1.06, 1.16, 1.23, 1.04, 0.66, 1.25, 1.17, 0.94, 0.99],
  [1.03, 0.99, 1, 1.08, 0.88, 0.96, 0.89, 0.76, 1.06, 1, 0.66, 1.01],
]

/** How much more each area attracts (columns as AREAS). */
const ATTRACTION = [
  [0.85, 0.72, 0.51, 0.44, 0.85, 0.76, 3.77, 3.41, 1.4, 3.2, 3.49, 3.72],
  [1.28, 0.55, 0.84, 1.08, 0.62, 0.73, 1.49, 0.71, 5.38, 11.24, 6.85, 1.53],
  [1.05, 0.67, 0.72, 0.74, 0.83, 0.97, 1.45, 1.1, 6.7, 12.82, 10.42, 1.29],
  [1.02, 0.9, 0.63, 0.64, 1.07, 1.08, 2.25, 2.03, 1.13, 3.77, 2.39, 2.61],
]

/** Kilometres between two zones' centres, and how readily a ride of that length is taken. */
const BANDS_KM = [0, 0.4, 0.6, 0.8, 1.1, 1.4, 1.8, 2.3, 3, 4, 5.5, 7.5, 10, 13, 16, 19, 23]
const READINESS = [
  [0.32, 1.24, 1.46, 1.8, 1.25, 1.01, 0.805, 0.598, 0.437, 0.314, 0.26, 0.18, 0.11, 0.08, 0.06, 0.05, 0.02],
  [0.214, 1.09, 1.28, 1.84, 1.39, 1.01, 0.63, 0.418, 0.298, 0.18, 0.15, 0.1, 0.06, 0.06, 0.04, 0.02, 0.04],
  [0.18, 1.1, 1.24, 1.76, 1.19, 1.01, 0.611, 0.38, 0.27, 0.171, 0.12, 0.07, 0.04, 0.05, 0.04, 0.03, 0.02],
  [0.189, 0.999, 1.19, 1.67, 1.24, 1.01, 0.669, 0.446, 0.335, 0.219, 0.15, 0.09, 0.06, 0.05, 0.04, 0.03, 0.03],
]

/** What distance alone does not say of two areas: from the row's area to the column's. */
const AFFINITY: Record<Area, readonly number[]> = {
  FIDI: [0.63, 0.89, 1.27, 1.27, 0.82, 0.69, 0.66, 1.01, 1.16, 0.88, 1.12, 0.77],
  VILL: [0.91, 0.81, 0.88, 0.99, 0.96, 0.91, 0.88, 0.93, 1.12, 0.97, 1.15, 0.51],
  MIDS: [1.28, 0.87, 0.74, 0.84, 1.05, 0.83, 1.08, 0.91, 1.46, 1.45, 2.1, 0.73],
  MIDT: [1.26, 1.01, 0.82, 0.7, 1, 1, 1.05, 0.84, 1.7, 2.03, 2.37, 0.66],
  UES: [0.95, 1.05, 1.02, 0.96, 0.95, 0.78, 1.06, 0.49, 0.41, 1.03, 0.8, 0.01],
  UWS: [0.75, 0.83, 0.85, 1.02, 0.74, 1.09, 1.59, 0.39, 0.7, 1.02, 1.47, 0.24],
  HARL: [0.8, 1.07, 0.99, 1.03, 1.02, 1.42, 1.95, 0.67, 0.73, 0.65, 0.04, 0.56],
  BKQ: [0.74, 0.65, 0.58, 0.54, 0.45, 0.43, 0.58, 2.69, 0.38, 0.51, 0.01, 0.93],
  LGA: [1.13, 1.07, 1.3, 1.4, 0.47, 0.61, 0.58, 0.72, 0.04, 0.35, 0.16, 1.27],
  JFK: [0.76, 0.84, 1.59, 1.39, 0.52, 0.63, 0.75, 1.5, 0.18, 0.02, 0.12, 1.03],
  EWR: [0.42, 0.41, 0.43, 0.32, 0.48, 0.44, 0.61, 0.38, 0.59, 0.69, 0.56, 323.29],
  NJSI: [0.17, 0.18, 0.44, 0.09, 0.01, 0.52, 0.03, 0.38, 1.82, 0.06, 4.55, 72.98],
}

/** One end of a ride. Positions in kilometres along the street grid and across it; coordinates in WGS84 degrees. */
export interface Place {
  area: Area
  alongKm: number
  crossKm: number
  latitude: number
  longitude: number
}

/** A place at the grid's origin, to be filled by `placeRide`. */
export function emptyPlace(): Place {
  return { area: 'MIDT', alongKm: 0, crossKm: 0, latitude: 40.75, longitude: -73.98 }
}

export interface Geography {
  readonly origins: readonly WeightedChoice[] // by part of the day
  readonly destinations: readonly (readonly WeightedChoice[])[] // by part of the day and zone of origin
}

/** Prepares every choice of zone. About a tenth of a second, so once per simulation. */
export function surveyCity(): Geography {
  const areas = ZONES.map((zone) => AREAS.indexOf(zone.area))
  const origins: WeightedChoice[] = []
  const destinations: WeightedChoice[][] = []
  for (let part = 0; part < 4; part++) {
    origins.push(weightedChoice(ZONES.map((zone, i) => zone.pickups * PICKUPS[part]![areas[i]!]!)))
    const pull = ZONES.map((zone, i) => zone.pull * ATTRACTION[part]![areas[i]!]!)
    destinations.push(
      ZONES.map((from) => {
        const affinity = AFFINITY[from.area]
        return weightedChoice(
          ZONES.map((to, i) => pull[i]! * affinity[areas[i]!]! * READINESS[part]![bandOf(centreKm(from, to))]!),
        )
      }),
    )
  }
  return { origins, destinations }
}

function centreKm(from: Zone, to: Zone): number {
  const along = from.alongKm - to.alongKm
  const cross = from.crossKm - to.crossKm
  return Math.sqrt(along * along + cross * cross)
}

function bandOf(km: number): number {
  let band = BANDS_KM.length - 1
  while (band > 0 && km < BANDS_KM[band]!) band--
  return band
}

/** Draws both ends of a ride into the places given. */
export function placeRide(geography: Geography, part: DayPart, random: Random, pickup: Place, dropoff: Place): void {
  const from = choose(geography.origins[part]!, random)
  scatter(ZONES[from]!, random, pickup)
  scatter(ZONES[choose(geography.destinations[part]![from]!, random)]!, random, dropoff)
}

/** Kilometres of a degree of latitude, on a sphere of 6371 km, and of a degree of longitude at 40.75 degrees north. */
const LATITUDE_KM = 111.19493
const LONGITUDE_KM = 84.23638
/** Manhattan's avenues point 29 degrees east of north. */
const SINE = 0.48480962
const COSINE = 0.87461971

/** A point around a zone's centre, thinning out towards the neighbours (a triangle wide two sides, in both directions). */
function scatter(zone: Zone, random: Random, place: Place): void {
  place.area = zone.area
  place.alongKm = zone.alongKm + (random.uniform() + random.uniform() - 1) * zone.sideKm
  place.crossKm = zone.crossKm + (random.uniform() + random.uniform() - 1) * zone.sideKm
  place.longitude = -73.98 + (place.alongKm * SINE + place.crossKm * COSINE) / LONGITUDE_KM
  place.latitude = 40.75 + (place.alongKm * COSINE - place.crossKm * SINE) / LATITUDE_KM
  keepInCity(place)
}

/** The lattice's last zones reach past the city's box by some metres: those rides end at its edge. */
function keepInCity(place: Place): void {
  place.latitude = Math.min(40.8995, Math.max(40.5005, place.latitude))
  place.longitude = Math.min(-73.7005, Math.max(-74.2995, place.longitude))
}
