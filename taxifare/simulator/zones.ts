// Where New York's taxi rides start and end, on a lattice laid along Manhattan's streets.
// Estimated from the city's public trip records, 2009-2015: counts per 100,000 rides, no ride itself.

/** Parts of the city between which rides, traffic and tolls differ. */
export const AREAS = [
  'FIDI', // downtown, below Houston Street
  'VILL', // the Villages, up to 14th Street
  'MIDS', // Chelsea, Gramercy, Penn Station
  'MIDT', // midtown, 34th to 59th Street
  'UES', // east of Central Park
  'UWS', // west of it
  'HARL', // Harlem and above
  'BKQ', // Brooklyn, Queens, the Bronx
  'LGA', // LaGuardia airport
  'JFK', // Kennedy airport
  'EWR', // Newark airport
  'NJSI', // New Jersey, Staten Island
] as const
export type Area = (typeof AREAS)[number]

export interface Zone {
  /** Centre in kilometres from (40.75, -73.98): uptown along the avenues, and across them towards the East River. */
  readonly alongKm: number
  readonly crossKm: number
  readonly sideKm: number
  readonly area: Area
  /** Rides per 100,000 that start here; how strongly the place attracts rides. */
  readonly pickups: number
  readonly pull: number
}

// One street band a line: `along: cross area pickups pull, ...`, all of one side.
const STREETS = `
-6.75: 1.75 BKQ 4 14, 2.25 BKQ 50 47, 2.75 BKQ 45 34
-6.25: 0.25 FIDI 44 144, 1.75 BKQ 22 47, 2.25 BKQ 98 76, 2.75 BKQ 47 48
-5.75: -0.75 FIDI 27 27, -0.25 FIDI 286 477, 0.25 FIDI 410 649, 0.75 FIDI 11 19, 1.75 FIDI 40 182, 2.25 BKQ 101 63, 2.75 BKQ 53 47
-5.25: -0.75 FIDI 191 221, -0.25 FIDI 425 663, 0.25 FIDI 529 693, 0.75 FIDI 153 149, 1.25 FIDI 9 10, 1.75 FIDI 69 100, 2.25 BKQ 15 17, 2.75 BKQ 18 24
-4.75: -0.75 FIDI 489 607, -0.25 FIDI 615 561, 0.25 FIDI 135 161, 0.75 FIDI 56 85, 1.75 BKQ 11 11, 2.25 BKQ 15 27
-4.25: -0.75 FIDI 283 310, -0.25 FIDI 569 421, 0.25 FIDI 212 205, 0.75 FIDI 95 130, 1.25 FIDI 27 35, 1.75 FIDI 3 23
-3.75: -0.75 FIDI 226 242, -0.25 FIDI 566 402, 0.25 FIDI 679 433, 0.75 FIDI 309 260, 1.25 FIDI 92 163, 1.75 FIDI 12 66
-3.25: -1.25 VILL 55 103, -0.75 FIDI 551 391, -0.25 FIDI 834 547, 0.25 FIDI 1138 734, 0.75 FIDI 798 429, 1.25 FIDI 514 312, 1.75 FIDI 8 49, 2.25 BKQ 4 21, 2.75 BKQ 4 7
-2.75: -1.25 VILL 469 418, -0.75 VILL 986 788, -0.25 VILL 495 562, 0.25 VILL 907 661, 0.75 VILL 704 677, 1.25 VILL 604 607, 1.75 VILL 39 124, 2.25 BKQ 6 8, 2.75 BKQ 7 11
-2.25: -1.75 VILL 181 190, -1.25 VILL 954 888, -0.75 VILL 979 781, -0.25 VILL 538 613, 0.25 VILL 1070 804, 0.75 VILL 834 744, 1.25 VILL 474 497, 1.75 VILL 10 78, 2.75 BKQ 7 31
-1.75: -1.75 VILL 475 512, -1.25 VILL 1296 1003, -0.75 VILL 1049 652, -0.25 VILL 915 780, 0.25 VILL 1325 820, 0.75 VILL 687 548, 1.25 VILL 236 306
-1.25: -2.25 VILL 17 59, -1.75 VILL 538 496, -1.25 VILL 637 483, -0.75 VILL 1237 757, -0.25 VILL 800 783, 0.25 VILL 1180 850, 0.75 VILL 558 485, 1.25 VILL 130 209, 2.75 BKQ 14 16
-0.75: -2.25 MIDS 49 118, -1.75 MIDS 481 388, -1.25 MIDS 604 734, -0.75 MIDS 1472 1445, -0.25 MIDS 1011 923, 0.25 MIDS 1199 1067, 0.75 MIDS 532 579, 1.25 MIDS 29 61, 2.75 BKQ 16 32
-0.25: -2.25 MIDS 8 77, -1.75 MIDS 358 509, -1.25 MIDS 1221 758, -0.75 MIDS 2022 1913, -0.25 MIDS 971 915, 0.25 MIDS 1214 1047, 0.75 MIDS 585 658, 2.75 BKQ 5 19
0.25: -2.25 MIDS 247 393, -1.75 MIDT 479 491, -1.25 MIDS 1628 1317, -0.75 MIDS 1278 1147, -0.25 MIDT 1158 1240, 0.25 MIDS 1860 1681, 0.75 MIDS 615 555, 1.75 BKQ 11 8, 2.25 BKQ 25 28
0.75: -2.25 MIDT 86 118, -1.75 MIDT 469 416, -1.25 MIDT 1152 906, -0.75 MIDT 1696 1591, -0.25 MIDT 1076 1183, 0.25 MIDT 1591 1532, 0.75 MIDT 667 528, 1.75 BKQ 9 18, 2.25 BKQ 13 15, 2.75 BKQ 9 9
1.25: -2.25 MIDT 49 84, -1.75 MIDT 360 391, -1.25 MIDT 950 816, -0.75 MIDT 1917 1726, -0.25 MIDT 1214 1261, 0.25 MIDT 1456 1389, 0.75 MIDT 997 748, 1.25 MIDT 71 62, 2.25 BKQ 7 9, 2.75 BKQ 17 20
1.75: -2.25 MIDT 25 50, -1.75 MIDT 476 534, -1.25 MIDT 1550 1251, -0.75 MIDT 560 563, -0.25 MIDT 1335 1281, 0.25 MIDT 1621 1320, 0.75 MIDT 800 629, 1.25 MIDT 92 132, 1.75 MIDT 2 18, 2.25 BKQ 9 9, 2.75 BKQ 50 31
2.25: -2.25 MIDT 136 233, -1.75 MIDT 526 640, -1.25 MIDT 896 899, -0.75 MIDT 13 17, -0.25 MIDT 351 353, 0.25 MIDT 901 847, 0.75 MIDT 631 710, 1.25 MIDT 234 254, 1.75 MIDT 7 19, 2.75 BKQ 17 20
2.75: -2.25 MIDT 56 140, -1.75 UWS 891 629, -1.25 UWS 556 388, -0.25 UWS 375 267, 0.25 UES 1010 683, 0.75 UES 863 697, 1.25 UES 468 323, 1.75 UES 7 20, 2.75 BKQ 29 17
3.25: -2.25 UWS 8 70, -1.75 UWS 817 643, -1.25 UWS 462 382, -0.25 UWS 560 391, 0.25 UES 906 768, 0.75 UES 840 754, 1.25 UES 380 280, 2.75 BKQ 19 24
3.75: -2.25 UWS 29 113, -1.75 UWS 715 639, -1.25 UWS 460 424, -0.75 UWS 3 16, -0.25 UWS 579 481, 0.25 UES 1149 1039, 0.75 UES 678 680, 1.25 UES 396 433, 2.75 BKQ 19 25
4.25: -2.25 UWS 7 94, -1.75 UWS 523 529, -1.25 UWS 327 384, -0.25 UWS 345 379, 0.25 UES 743 776, 0.75 UES 506 580, 1.25 UES 163 172, 2.75 BKQ 16 35
4.75: -2.25 UWS 10 75, -1.75 UWS 481 524, -1.25 UWS 361 348, -0.25 UWS 321 426, 0.25 UES 375 482, 0.75 UES 140 153, 2.75 BKQ 12 40
5.25: -2.25 UWS 8 102, -1.75 UWS 366 416, -1.25 UWS 140 182, -0.25 UWS 128 129, 0.25 UES 68 131, 0.75 UES 102 163
5.75: -2.25 UWS 2 51, -1.75 UWS 320 456, -1.25 UWS 120 160, -0.75 UWS 23 71, -0.25 UWS 50 112, 0.25 UES 34 103, 0.75 UES 58 112
6.25: -2.25 UWS 4 63, -1.75 UWS 274 406, -1.25 UWS 72 164, -0.75 UWS 16 130, -0.25 UWS 21 79, 0.25 UES 37 143, 0.75 UES 49 138, 1.25 UES 10 96
6.75: -2.25 HARL 14 21, -1.75 HARL 141 92, -1.25 HARL 26 41, -0.75 HARL 23 32, -0.25 HARL 14 25, 0.25 HARL 25 40, 0.75 HARL 33 35
7.25: -2.25 HARL 15 29, -1.75 HARL 88 39, -1.25 HARL 23 39, -0.75 HARL 36 47, -0.25 HARL 31 48, 0.25 HARL 78 119
7.75: -2.25 HARL 9 17, -1.75 HARL 37 40, -1.25 HARL 8 25, -0.75 HARL 18 38, -0.25 HARL 14 29
8.25: -2.25 HARL 3 14, -1.75 HARL 37 61, -1.25 HARL 3 32, -0.75 HARL 8 39, -0.25 HARL 12 32
8.75: -1.75 HARL 44 51, -1.25 HARL 7 47, -0.75 HARL 8 28
9.25: -1.75 HARL 15 44, -1.25 HARL 4 45
9.75: -2.25 HARL 10 54, -1.75 HARL 28 62, 0.25 HARL 15 81
10.25: -2.25 HARL 16 68, -1.75 HARL 13 51
`
const OUTSKIRTS = `
-15.75: 9.75 BKQ 8 195
-14.25: 3.75 NJSI 11 220
-12.75: 2.25 NJSI 7 68, 3.75 BKQ 5 72, 8.25 BKQ 7 91, 9.75 BKQ 4 82
-11.25: 3.75 BKQ 7 81, 6.75 BKQ 7 88, 8.25 BKQ 7 66
-9.75: 3.75 BKQ 7 78, 5.25 BKQ 3 68, 6.75 BKQ 10 96, 8.25 BKQ 3 78
-8.25: 0.75 BKQ 10 18, 2.25 BKQ 57 102, 3.75 BKQ 73 288, 5.25 BKQ 6 92, 6.75 BKQ 13 159
-6.75: 2.25 BKQ 98 74, 3.75 BKQ 227 306, 5.25 BKQ 47 291, 6.75 BKQ 11 106, 8.25 BKQ 4 27, 9.75 BKQ 4 89
-5.25: 3.75 BKQ 95 254, 5.25 BKQ 39 169, 6.75 BKQ 8 91, 8.25 BKQ 3 42
-3.75: -3.75 NJSI 24 29, 3.75 BKQ 104 159, 5.25 BKQ 21 86, 6.75 BKQ 8 117, 8.25 BKQ 7 68
-2.25: -3.75 NJSI 7 12, 3.75 BKQ 489 378, 5.25 BKQ 64 195, 6.75 BKQ 17 112, 8.25 BKQ 2 60, 17.25 BKQ 13 35
-0.75: 3.75 BKQ 71 158, 6.75 BKQ 2 14, 8.25 BKQ 1 52, 12.75 BKQ 4 83, 17.25 BKQ 8 38, 18.75 BKQ 11 40
0.75: -3.75 NJSI 21 24, 3.75 BKQ 35 37, 5.25 BKQ 10 36, 6.75 BKQ 8 21, 8.25 BKQ 1 24, 15.75 BKQ 8 24, 17.25 BKQ 11 47
2.25: 3.75 BKQ 135 123, 5.25 BKQ 143 170, 6.75 BKQ 30 53, 8.25 BKQ 13 50, 9.75 BKQ 12 78, 11.25 BKQ 55 134, 12.75 BKQ 10 118, 14.25 BKQ 14 68, 15.75 BKQ 2 28
3.75: 3.75 BKQ 195 331, 5.25 BKQ 32 75, 6.75 BKQ 38 162, 8.25 BKQ 7 53, 9.75 BKQ 3 81, 11.25 BKQ 3 45, 14.25 BKQ 1 74, 15.75 BKQ 7 155
5.25: 3.75 BKQ 84 235, 5.25 BKQ 25 50, 6.75 BKQ 4 26, 8.25 BKQ 7 44, 9.75 BKQ 6 21
6.75: 9.75 BKQ 8 80, 11.25 BKQ 18 222
11.25: -2.25 HARL 44 391, -0.75 HARL 3 31, 0.75 HARL 3 49
12.75: -2.25 HARL 8 201, -0.75 HARL 3 25, 0.75 HARL 6 43, 3.75 BKQ 14 246
14.25: -2.25 HARL 2 134, -0.75 HARL 2 33, 0.75 HARL 5 110
15.75: -2.25 BKQ 3 149, -0.75 HARL 2 49
`

// The airports, terminal by terminal.
const AIRPORTS: readonly Zone[] = [
  { alongKm: -1.89, crossKm: 20.55, sideKm: 0.25, area: 'JFK', pickups: 674, pull: 245 },
  { alongKm: -2.39, crossKm: 19.58, sideKm: 0.25, area: 'JFK', pickups: 293, pull: 174 },
  { alongKm: -2.63, crossKm: 19.97, sideKm: 0.2, area: 'JFK', pickups: 249, pull: 103 },
  { alongKm: -1.94, crossKm: 19.9, sideKm: 0.25, area: 'JFK', pickups: 249, pull: 123 },
  { alongKm: 6.72, crossKm: 6.63, sideKm: 0.22, area: 'LGA', pickups: 1134, pull: 660 },
  { alongKm: 6.66, crossKm: 7.5, sideKm: 0.25, area: 'LGA', pickups: 824, pull: 523 },
  { alongKm: 6.19, crossKm: 5.77, sideKm: 0.2, area: 'LGA', pickups: 103, pull: 62 },
  { alongKm: -14, crossKm: -11.5, sideKm: 0.8, area: 'EWR', pickups: 1, pull: 111 },
]

export const ZONES: readonly Zone[] = [...parseBands(STREETS, 0.5), ...parseBands(OUTSKIRTS, 1.5), ...AIRPORTS]

function parseBands(text: string, sideKm: number): Zone[] {
  const zones: Zone[] = []
  for (const line of text.trim().split('\n')) {
    const [along, entries] = line.split(': ')
    for (const entry of entries?.split(', ') ?? []) {
      const [crossKm, name, pickups, pull] = entry.split(' ')
      const area = AREAS.find((known) => known === name)
      if (area === undefined) throw new Error(`the zone table names an unknown area: ${entry}`)
      zones.push({
        alongKm: Number(along),
        crossKm: Number(crossKm),
        sideKm,
        area,
        pickups: Number(pickups),
        pull: Number(pull),
      })
    }
  }
  return zones
}
