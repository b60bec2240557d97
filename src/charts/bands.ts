// Error by band: bars with their intervals, the mean bias below them, and the number of rows behind each. Bands of few rows are hatched.
import { baseline, verticalAxis } from './axes.ts'
import {
  type Attributes,
  type Box,
  drawing,
  element,
  label,
  paint,
  place,
  SMALL_PX,
  type Words,
  widthOf,
} from './drawing.ts'
import { linearScale, roundUp, type Scale, shortCount } from './scale.ts'

export interface BandBar {
  readonly label: string
  readonly rows: number
  /** Null of a band without rows. */
  readonly error: number | null
  /** Ends of the error's interval; null where there is none. */
  readonly low: number | null
  readonly high: number | null
  /** Mean of what was predicted minus what was: above zero where predictions are too high. */
  readonly bias: number | null
  /** Too few rows to say much. */
  readonly isFew: boolean
}

export interface BandChart {
  readonly words: Words
  readonly bars: readonly BandBar[]
  /** What the bands are of, with the unit. */
  readonly bandName: string
  /** With units. */
  readonly errorName: string
  readonly biasName: string
  /** What one row is called, plural. */
  readonly rowsName: string
  /** The error of all rows, drawn across. */
  readonly overall: { readonly error: number; readonly text: string }
}

const HEIGHT = 440
const BIAS_PX = 84

/** The chart as an SVG file. */
export function bandChart(chart: BandChart): string {
  return drawing(chart.words, HEIGHT, (box) => {
    const foot = box.bottom - 64
    const error: Box = { left: box.left + 46, right: box.right - 4, top: box.top + 38, bottom: foot - BIAS_PX - 50 }
    const bias: Box = { ...error, top: foot - BIAS_PX, bottom: foot }
    const up = linearScale([0, highestError(chart)], [error.bottom, error.top], 5)
    const reach = Math.max(
      worthSeeing(chart.bars, (bar) => bar.bias ?? 0),
      up.to / 50,
    )
    const around = linearScale([-reach, reach], [bias.bottom, bias.top], 4)
    const width = (error.right - error.left) / Math.max(1, chart.bars.length)
    const hatch = `${chart.words.name}-few`
    return [
      pattern(hatch),
      verticalAxis(up, error, chart.errorName),
      verticalAxis(around, bias, chart.biasName),
      ...chart.bars.map((bar, i) => {
        const slot = { from: error.left + i * width, width, hatch }
        return errorBar(bar, slot, up, error) + biasBar(bar, slot, around) + foots(bar, slot, bias, chart)
      }),
      element('g', paint('axis'), baseline(error), zeroLine(around, bias)),
      overallLine(chart, up, error),
      label(
        chart.bandName,
        { x: (box.left + 46 + box.right) / 2, y: foot + 58 },
        { anchor: 'middle', role: 'soft', px: SMALL_PX },
      ),
      label(chart.rowsName, { x: error.left - 8, y: foot + 36 }, { anchor: 'end', role: 'soft', px: SMALL_PX }),
    ].join('')
  })
}

/** High enough for every bar of rows enough, and for its interval unless that is far higher; bars of few rows may go beyond. */
function highestError({ bars, overall }: BandChart): number {
  const most = Math.max(
    worthSeeing(bars, (bar) => bar.error ?? 0),
    overall.error,
  )
  const sure = bars.filter((bar) => !bar.isFew)
  const ends = (sure.length === 0 ? bars : sure).map((bar) => bar.high ?? 0)
  return roundUp(Math.max(most * 1.04, Math.min(Math.max(...ends, 0), most * 1.6)))
}

/** The largest size of something among bands of rows enough; of the others, at most twice that. */
function worthSeeing(bars: readonly BandBar[], of: (bar: BandBar) => number): number {
  const largest = (some: readonly BandBar[]): number => Math.max(...some.map((bar) => Math.abs(of(bar))), 0)
  const sure = largest(bars.filter((bar) => !bar.isFew))
  const all = largest(bars)
  return sure === 0 ? all : Math.max(sure, Math.min(all, 2 * sure))
}

interface Slot {
  readonly from: number
  readonly width: number
  /** The id of the hatching. */
  readonly hatch: string
}

/** Diagonal lines, for bands of few rows. */
function pattern(id: string): string {
  const line = element('line', { x1: 0, y1: 0, x2: 0, y2: 6, ...paint('firstLine'), 'stroke-width': 2.4 })
  const attributes = { id, width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' }
  return element('pattern', attributes, line)
}

function fillOf(bar: BandBar, hatch: string): Attributes {
  return bar.isFew
    ? { fill: `url(#${hatch})`, class: 'firstLine', stroke: paint('firstLine').stroke ?? '' }
    : paint('first')
}

function errorBar(bar: BandBar, { from, width, hatch }: Slot, up: Scale, plot: Box): string {
  if (bar.error === null) return ''
  const barWidth = Math.min(46, width * 0.66)
  const middle = from + width / 2
  const top = Math.max(plot.top, up.at(bar.error))
  const rect = element('rect', {
    x: middle - barWidth / 2,
    y: top,
    width: barWidth,
    height: Math.max(0, plot.bottom - top),
    ...fillOf(bar, hatch),
  })
  if (bar.error <= up.to) return rect + whisker(bar, middle, up, plot)
  // It goes on beyond the plot: its value stands there in place of an interval.
  const text = `↑ ${Number(bar.error.toPrecision(3))}`
  return rect + label(text, { x: middle, y: plot.top - 4 }, { anchor: 'middle', px: SMALL_PX })
}

/** The interval; an end that lies beyond the plot has no crossbar. */
function whisker({ low, high }: BandBar, x: number, up: Scale, plot: Box): string {
  if (low === null || high === null) return ''
  const isCut = high > up.to
  const [bottom, top] = [Math.min(plot.bottom, up.at(low)), isCut ? plot.top : up.at(high)]
  const caps = `${isCut ? '' : `M${place(x - 4)} ${place(top)}h8`}M${place(x - 4)} ${place(bottom)}h8`
  const d = `M${place(x)} ${place(bottom)}V${place(top)}${caps}`
  return (
    element('path', { d, fill: 'none', ...paint('paperLine'), 'stroke-width': 4 }) +
    element('path', { d, fill: 'none', ...paint('inkLine'), 'stroke-width': 1.6 })
  )
}

function biasBar(bar: BandBar, { from, width, hatch }: Slot, around: Scale): string {
  if (bar.bias === null) return ''
  const barWidth = Math.min(34, width * 0.5)
  const [zero, end] = [around.at(0), around.at(Math.min(around.to, Math.max(around.from, bar.bias)))]
  const x = from + (width - barWidth) / 2
  return element('rect', {
    x,
    y: Math.min(zero, end),
    width: barWidth,
    height: Math.abs(end - zero),
    ...fillOf(bar, hatch),
  })
}

/** The band's name and its number of rows, below both plots. */
function foots(bar: BandBar, { from, width }: Slot, plot: Box, chart: BandChart): string {
  const x = from + width / 2
  const isNarrow = chart.bars.length > 14
  return (
    label(bar.label, { x, y: plot.bottom + 18 }, { anchor: 'middle', px: SMALL_PX }) +
    label(
      shortCount(bar.rows),
      { x, y: plot.bottom + 36 },
      { anchor: 'middle', role: 'soft', px: isNarrow ? 11 : SMALL_PX },
    )
  )
}

function zeroLine(around: Scale, plot: Box): string {
  return element('line', { x1: plot.left, x2: plot.right, y1: around.at(0), y2: around.at(0) })
}

/** The error of all rows, across the plot, with its words at the right end above the line. */
function overallLine({ overall }: BandChart, up: Scale, plot: Box): string {
  const y = up.at(overall.error)
  const line = { x1: plot.left, x2: plot.right, y1: y, y2: y }
  const end = plot.right - widthOf(overall.text, SMALL_PX) - 12
  const sample = { x1: end - 30, x2: end, y1: plot.top - 26, y2: plot.top - 26 }
  return (
    element('line', { ...line, ...paint('paperLine'), 'stroke-width': 3 }) +
    element('line', { ...line, ...paint('inkLine'), 'stroke-width': 1.4, 'stroke-dasharray': '6 4' }) +
    element('line', { ...sample, ...paint('inkLine'), 'stroke-width': 1.4, 'stroke-dasharray': '6 4' }) +
    label(overall.text, { x: plot.right, y: plot.top - 22 }, { anchor: 'end', px: SMALL_PX })
  )
}
