// Axes with their marks, units and lines across the plot.
import { type Box, element, label, paint, SMALL_PX } from './drawing.ts'
import type { Scale } from './scale.ts'

/** Lines across the plot at a vertical scale's ticks, each with its value at the left, and the axis' name above. */
export function verticalAxis(scale: Scale, plot: Box, name: string): string {
  const lines = scale.ticks.map((tick) =>
    element('line', { x1: plot.left, x2: plot.right, y1: scale.at(tick), y2: scale.at(tick) }),
  )
  const texts = scale.ticks.map((tick) =>
    label(scale.text(tick), { x: plot.left - 8, y: scale.at(tick) + 4 }, { anchor: 'end', role: 'soft', px: SMALL_PX }),
  )
  return [
    element('g', paint('grid'), ...lines),
    ...texts,
    label(name, { x: plot.left - 8, y: plot.top - 10 }, { role: 'soft', px: SMALL_PX }),
  ].join('')
}

/** A horizontal scale's marks and values below the plot, and the axis' name below them. */
export function horizontalAxis(scale: Scale, plot: Box, name: string): string {
  const marks = scale.ticks.map((tick) =>
    element('line', { x1: scale.at(tick), x2: scale.at(tick), y1: plot.bottom, y2: plot.bottom + 5 }),
  )
  const texts = scale.ticks.map((tick) =>
    label(
      scale.text(tick),
      { x: scale.at(tick), y: plot.bottom + 19 },
      { anchor: 'middle', role: 'soft', px: SMALL_PX },
    ),
  )
  return [
    element('g', paint('axis'), baseline(plot), ...marks),
    ...texts,
    label(
      name,
      { x: (plot.left + plot.right) / 2, y: plot.bottom + 38 },
      { anchor: 'middle', role: 'soft', px: SMALL_PX },
    ),
  ].join('')
}

/** The line a plot stands on. */
export function baseline(plot: Box): string {
  return element('line', { x1: plot.left, x2: plot.right, y1: plot.bottom, y2: plot.bottom })
}
