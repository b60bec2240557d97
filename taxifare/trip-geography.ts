// New York as trips see it: Manhattan's turned street grid, and its airports.
import {
  absolute,
  add,
  divide,
  maximum,
  minimum,
  multiply,
  square,
  squareRoot,
  subtract,
} from '../src/features/expressions.ts'
import type { Expression } from '../src/features/specification.ts'

/** A point, in degrees (WGS84). */
export interface Place {
  readonly latitude: Expression
  readonly longitude: Expression
}

/** A point known beforehand, in degrees. */
type Landmark = readonly [latitude: number, longitude: number]

/**
 * A point of a plane through the city, in km from Grand Central Terminal: `east` and `north`; and the same turned so that
 * `uptown` runs along Manhattan's avenues and `crosstown` along its streets, to the south-east.
 */
export interface PlanePoint {
  readonly east: Expression
  readonly north: Expression
  readonly uptown: Expression
  readonly crosstown: Expression
}

const GRAND_CENTRAL = { latitude: 40.7527, longitude: -73.9772 }

/** Manhattan's avenues run 29 degrees east of north. Source: the Commissioners' Plan of 1811. */
const GRID_RADIANS = (29 * Math.PI) / 180

/** On a sphere of 6371.0088 km, the mean radius; a degree of longitude as at Grand Central, 0.3 % off at the city's edges. */
const KM_PER_DEGREE = (6371.0088 * Math.PI) / 180
const KM_PER_DEGREE_EAST = KM_PER_DEGREE * Math.cos((GRAND_CENTRAL.latitude * Math.PI) / 180)

/** Where a point lies in the plane. */
export function planePointOf({ latitude, longitude }: Place): PlanePoint {
  const east = multiply(subtract(longitude, GRAND_CENTRAL.longitude), KM_PER_DEGREE_EAST)
  const north = multiply(subtract(latitude, GRAND_CENTRAL.latitude), KM_PER_DEGREE)
  const [sine, cosine] = [Math.sin(GRID_RADIANS), Math.cos(GRID_RADIANS)]
  return {
    east,
    north,
    uptown: add(multiply(east, sine), multiply(north, cosine)),
    crosstown: subtract(multiply(east, cosine), multiply(north, sine)),
  }
}

/** The same of a landmark, in km. */
function gridOf([latitude, longitude]: Landmark): { uptown: number; crosstown: number } {
  const east = (longitude - GRAND_CENTRAL.longitude) * KM_PER_DEGREE_EAST
  const north = (latitude - GRAND_CENTRAL.latitude) * KM_PER_DEGREE
  const [sine, cosine] = [Math.sin(GRID_RADIANS), Math.cos(GRID_RADIANS)]
  return { uptown: east * sine + north * cosine, crosstown: east * cosine - north * sine }
}

/** Km as the crow flies between two points of the plane. */
function crowKm(from: PlanePoint, to: PlanePoint): Expression {
  return lengthOf(subtract(to.uptown, from.uptown), subtract(to.crosstown, from.crosstown))
}

function crowKmTo(from: PlanePoint, landmark: Landmark): Expression {
  const { uptown, crosstown } = gridOf(landmark)
  return lengthOf(subtract(from.uptown, uptown), subtract(from.crosstown, crosstown))
}

function lengthOf(one: Expression, other: Expression): Expression {
  return squareRoot(add(square(one), square(other)))
}

/** Km along avenues and streets between two points of the plane. */
export function gridKm(from: PlanePoint, to: PlanePoint): Expression {
  return add(absolute(subtract(to.uptown, from.uptown)), absolute(subtract(to.crosstown, from.crosstown)))
}

/** The airports with fares of their own, and how far around that point their terminals lie. */
export const AIRPORTS = {
  jfk: { middle: [40.6425, -73.7822], terminalsKm: 2.5 },
  laguardia: { middle: [40.7731, -73.8725], terminalsKm: 1.4 },
  newark: { middle: [40.69, -74.1775], terminalsKm: 2.2 },
} as const satisfies Record<string, { readonly middle: Landmark; readonly terminalsKm: number }>

/** Km from an airport to the nearer end of a trip. */
export function nearestKm(from: PlanePoint, to: PlanePoint, airport: keyof typeof AIRPORTS): Expression {
  const { middle } = AIRPORTS[airport]
  return minimum(crowKmTo(from, middle), crowKmTo(to, middle))
}

/** The direction of a trip against the avenues, as sine and cosine; 0 and 0 if it ends where it began. */
export function directionOf(
  from: PlanePoint,
  to: PlanePoint,
): { readonly sine: Expression; readonly cosine: Expression } {
  const km = maximum(crowKm(from, to), 0.001)
  return {
    sine: divide(subtract(to.crosstown, from.crosstown), km),
    cosine: divide(subtract(to.uptown, from.uptown), km),
  }
}
