// Horizontal bars, largest first, each with its name and value.
import { type Box, drawing, element, label, paint, place, SMALL_PX, type Words, widthOf } from './drawing.ts'
import { linearScale, type Scale } from './scale.ts'

export interface RankedBar {
  readonly label: string
  readonly value: number
  /** The value as it is written. */
  readonly text: string
  /** Lowest and highest of several measurements; null where there was one. */
  readonly span: readonly [number, number] | null
}

const BAR_PX = 16
const ROW_PX = 25
const MOST_LABEL_PX = 230

/** The chart as an SVG file. Bars stand in the order given. */
export function rankingChart(words: Words, bars: readonly RankedBar[]): string {
  return drawing(words, bars.length * ROW_PX + 16, (box) => {
    const names = Math.min(MOST_LABEL_PX, Math.max(...bars.map((bar) => widthOf(bar.label, TEXT)), 40))
    const values = Math.max(...bars.map((bar) => widthOf(bar.text, SMALL_PX)), 30)
    const plot: Box = { ...box, left: box.left + names + 12, right: box.right - values - 14, top: box.top + 8 }
    const ends = bars.flatMap((bar) => [bar.value, ...(bar.span ?? [])])
    const across = linearScale([Math.min(0, ...ends), Math.max(0, ...ends)], [plot.left, plot.right], 5)
    const zero = across.at(0)
    return [
      ...bars.map((bar, i) => row(bar, plot.top + i * ROW_PX, across, plot)),
      element('line', {
        x1: zero,
        x2: zero,
        y1: plot.top - 2,
        y2: plot.top + bars.length * ROW_PX - 4,
        ...paint('axis'),
      }),
    ].join('')
  })
}

const TEXT = 13

function row(bar: RankedBar, top: number, across: Scale, plot: Box): string {
  const [zero, end] = [across.at(0), across.at(bar.value)]
  const middle = top + BAR_PX / 2
  const rect = { x: Math.min(zero, end), y: top, width: Math.abs(end - zero), height: BAR_PX }
  const far = Math.max(zero, end, bar.span === null ? end : across.at(bar.span[1]))
  return [
    label(shortened(bar.label), { x: plot.left - 10, y: middle + 4.5 }, { anchor: 'end', px: TEXT }),
    element('rect', { ...rect, ...paint('first') }),
    bar.span === null ? '' : whisker(bar.span, middle, across),
    label(bar.text, { x: far + 8, y: middle + 4 }, { role: 'soft', px: SMALL_PX }),
  ].join('')
}

function whisker([low, high]: readonly [number, number], y: number, across: Scale): string {
  const [from, to] = [across.at(low), across.at(high)]
  const d = `M${place(from)} ${place(y)}H${place(to)}M${place(from)} ${place(y - 4)}v8M${place(to)} ${place(y - 4)}v8`
  return (
    element('path', { d, fill: 'none', ...paint('paperLine'), 'stroke-width': 4 }) +
    element('path', { d, fill: 'none', ...paint('inkLine'), 'stroke-width': 1.6 })
  )
}

function shortened(text: string): string {
  const most = Math.floor(MOST_LABEL_PX / (TEXT * 0.53))
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}
