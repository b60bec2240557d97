// A line chart of one or two series by step, with the step marked that was kept.
import { horizontalAxis, verticalAxis } from './axes.ts'
import { type Box, drawing, element, escaped, label, paint, place, SMALL_PX, type Words, widthOf } from './drawing.ts'
import { linearScale, type Scale } from './scale.ts'

export interface Curve {
  readonly words: Words
  /** What a step is: `epoch`, `tree`. */
  readonly stepName: string
  /** (n) The steps, rising. */
  readonly steps: readonly number[]
  /** With its unit. */
  readonly valueName: string
  /** One or two, (n) each; the second is dashed and has marks. NaN leaves a gap. */
  readonly series: readonly { readonly label: string; readonly values: readonly number[] }[]
  /** The position among the steps of what was kept, and what is said there. */
  readonly kept: { readonly position: number; readonly text: string; readonly series: number } | null
}

/** Points drawn of one series: more would only make the file larger. */
const MOST_POINTS = 400
const MOST_MARKS = 14
const HEIGHT = 340

/** The chart as an SVG file. Values far above the others, as at the beginning of learning, are cut off, and a note says so. */
export function curveChart(curve: Curve): string {
  const values = curve.series.flatMap((series) => series.values.filter(Number.isFinite))
  const { low, high, cut } = valueSpan(values)
  const notes = cut
    ? [...curve.words.notes, `The axis ends at ${Number(high.toPrecision(3))}; values above it are cut off.`]
    : curve.words.notes
  return drawing({ ...curve.words, notes }, HEIGHT, (box) => {
    const plot: Box = { left: box.left + 46, top: box.top + 46, right: box.right - 14, bottom: box.bottom - 44 }
    const first = curve.steps[0] ?? 0
    const across = linearScale([first, curve.steps.at(-1) ?? first + 1], [plot.left, plot.right], 8)
    const up = linearScale([low, high], [plot.bottom, plot.top], 5)
    const clip = `${curve.words.name}-plot`
    return [
      verticalAxis(up, plot, curve.valueName),
      horizontalAxis(wholeTicks(across), plot, curve.stepName),
      element(
        'clipPath',
        { id: clip },
        element('rect', {
          x: plot.left,
          y: plot.top - 4,
          width: plot.right - plot.left,
          height: plot.bottom - plot.top + 4,
        }),
      ),
      element(
        'g',
        { 'clip-path': `url(#${clip})` },
        ...curve.series.map((series, i) => seriesLine(curve.steps, series.values, i, { across, up, plot })),
      ),
      legend(
        curve.series.map((series) => series.label),
        box,
      ),
      keptMark(curve, { across, up, plot }),
    ].join('')
  })
}

/** The span of values worth seeing: all, unless a few lie far above the rest. */
function valueSpan(values: readonly number[]): { low: number; high: number; cut: boolean } {
  const sorted = values.toSorted((a, b) => a - b)
  const low = sorted[0] ?? 0
  const most = sorted[Math.floor((sorted.length - 1) * 0.9)] ?? 1
  const highest = sorted.at(-1) ?? 1
  const reach = most + (most - low)
  const cut = sorted.length >= 10 && most > low && highest > reach
  const high = cut ? reach : highest
  const room = (high - low) * 0.06
  return { low: Math.max(low - room, low >= 0 ? 0 : Number.NEGATIVE_INFINITY), high: high + (cut ? 0 : room), cut }
}

/** Steps are counted: half an epoch is nothing to mark. */
function wholeTicks(scale: Scale): Scale {
  return { ...scale, ticks: scale.ticks.filter(Number.isInteger) }
}

interface Axes {
  readonly across: Scale
  readonly up: Scale
  readonly plot: Box
}

function seriesLine(
  steps: readonly number[],
  values: readonly number[],
  index: number,
  { across, up, plot }: Axes,
): string {
  const stride = Math.ceil(values.length / MOST_POINTS)
  const path: string[] = []
  const marks: string[] = []
  const markEvery = Math.max(1, Math.ceil(values.length / MOST_MARKS))
  let isOpen = false
  for (const [i, value] of values.entries()) {
    if (i % stride !== 0 && i !== values.length - 1) continue
    if (!Number.isFinite(value)) {
      isOpen = false
      continue
    }
    // Far beyond the plot a line only has to go there: some renderers give up on huge numbers.
    const y = Math.max(up.at(value), plot.top - 10_000)
    path.push(`${isOpen ? 'L' : 'M'}${place(across.at(steps[i]!))} ${place(y)}`)
    isOpen = true
    if (index === 1 && i % markEvery < stride)
      marks.push(element('circle', { cx: across.at(steps[i]!), cy: y, r: 3, ...paint('second') }))
  }
  return element('path', { d: path.join(''), ...lineStyle(index) }) + marks.join('')
}

function lineStyle(index: number): Record<string, string | number> {
  const base = {
    ...paint(index === 0 ? 'firstLine' : 'secondLine'),
    fill: 'none',
    'stroke-width': 2,
    'stroke-linejoin': 'round',
  }
  return index === 0 ? base : { ...base, 'stroke-dasharray': '7 4' }
}

/** A sample of each line with its name, in one row above the plot. */
function legend(labels: readonly string[], box: Box): string {
  let x = box.left
  return labels
    .map((text, i) => {
      const y = box.top + 10
      const sample = element('line', { x1: x, x2: x + 34, y1: y, y2: y, ...lineStyle(i) })
      const dot = i === 1 ? element('circle', { cx: x + 17, cy: y, r: 3, ...paint('second') }) : ''
      const name = label(text, { x: x + 42, y: y + 4 })
      x += 42 + widthOf(text, 14) + 26
      return sample + dot + name
    })
    .join('')
}

/** A diamond on the curve and a line down to the axis, with words beside it on the side that has more room. */
function keptMark(curve: Curve, { across, up, plot }: Axes): string {
  if (curve.kept === null) return ''
  const { position, text, series } = curve.kept
  const value = curve.series[series]?.values[position]
  const step = curve.steps[position]
  if (value === undefined || step === undefined || !Number.isFinite(value)) return ''
  const [x, y] = [across.at(step), Math.max(up.at(value), plot.top)]
  const isLeft = x > (plot.left + plot.right) / 2
  const above = y - plot.top > 40 ? y - 16 : y + 28
  return [
    element('line', {
      x1: x,
      x2: x,
      y1: y,
      y2: plot.bottom,
      ...paint('inkLine'),
      'stroke-width': 1,
      'stroke-dasharray': '2 3',
    }),
    element('path', { d: `M${place(x)} ${place(y - 7)}l7 7l-7 7l-7-7z`, ...paint('ink') }),
    halo(text, { x: x + (isLeft ? -10 : 10), y: above }, isLeft),
  ].join('')
}

/** Words that stay readable on top of lines: they have a rim of paper. */
function halo(text: string, at: { x: number; y: number }, isLeft: boolean): string {
  const [ink, rim] = [paint('ink'), paint('paperLine')]
  return element(
    'text',
    {
      ...at,
      ...rim,
      ...ink,
      class: `${rim.class} ${ink.class}`,
      'stroke-width': 4,
      'stroke-linejoin': 'round',
      'paint-order': 'stroke',
      'text-anchor': isLeft ? 'end' : 'start',
      'font-size': SMALL_PX + 1,
      'font-weight': 600,
    },
    escaped(text),
  )
}
