// One value against another for many rows: how many rows lie where, in shades, with the line on which both are equal.
import { horizontalAxis, verticalAxis } from './axes.ts'
import { type Box, drawing, element, label, paint, place, type Role, SMALL_PX, type Words, widthOf } from './drawing.ts'
import { linearScale, type Scale } from './scale.ts'

export interface Density {
  readonly words: Words
  /** (n) Along the horizontal axis. */
  readonly across: ArrayLike<number>
  /** (n) Along the vertical axis, in the same unit. */
  readonly up: ArrayLike<number>
  /** With units. */
  readonly acrossName: string
  readonly upName: string
  /** Both axes' span. */
  readonly span: readonly [number, number]
  /** What one row is called, plural. */
  readonly rowsName: string
  /** Points on top, joined by nothing: such as the means of groups of rows. */
  readonly marks: { readonly text: string; readonly at: readonly (readonly [across: number, up: number])[] }
}

const SIDE_PX = 460
const CELLS = 46
const SHADES: readonly Role[] = ['shade1', 'shade2', 'shade3', 'shade4', 'shade5']

/** The chart as an SVG file: `CELLS` by `CELLS` squares, however many rows. Rows outside the span are not drawn; say so in the notes. */
export function densityChart(chart: Density): string {
  return drawing(chart.words, SIDE_PX + 78, (box) => {
    const plot: Box = {
      left: box.left + 46,
      right: box.left + 46 + SIDE_PX,
      top: box.top + 24,
      bottom: box.top + 24 + SIDE_PX,
    }
    const across = linearScale(chart.span, [plot.left, plot.right], 6)
    const up = linearScale(chart.span, [plot.bottom, plot.top], 6)
    const counts = countCells(chart)
    const most = counts.reduce((largest, count) => Math.max(largest, count), 0)
    const edges = shadeEdges(most)
    return [
      verticalAxis(up, plot, chart.upName),
      ...SHADES.map((role, shade) => cells(counts, plot, role, (count) => shadeOf(count, edges) === shade)),
      horizontalAxis(across, plot, chart.acrossName),
      equalLine(across, up, plot),
      marks(chart, across, up),
      key(chart, { edges, most }, { x: plot.right + 28, y: plot.top + 6 }),
    ].join('')
  })
}

/** (CELLS, CELLS) Rows per cell, row-major from the bottom left. */
function countCells({ across, up, span: [from, to] }: Density): Uint32Array {
  const counts = new Uint32Array(CELLS * CELLS)
  const cellOf = (value: number): number =>
    value === to ? CELLS - 1 : Math.floor(((value - from) / (to - from)) * CELLS)
  for (let row = 0; row < across.length; row++) {
    const [x, y] = [cellOf(across[row]!), cellOf(up[row]!)]
    if (x >= 0 && x < CELLS && y >= 0 && y < CELLS) counts[y * CELLS + x]!++
  }
  return counts
}

/** From how many rows on a cell has each shade: equal ratios from one row to the fullest cell, different whole numbers. */
function shadeEdges(most: number): number[] {
  const edges = [1]
  for (let shade = 1; shade < SHADES.length; shade++) {
    const next = Math.max(edges.at(-1)! + 1, Math.round(most ** (shade / SHADES.length)))
    if (next <= most) edges.push(next)
  }
  return edges
}

/** The shade of a count; fewer edges than shades use the darker ones. */
function shadeOf(count: number, edges: readonly number[]): number {
  if (count === 0) return -1
  return SHADES.length - edges.length + edges.filter((edge) => count >= edge).length - 1
}

/** All cells of one shade as one path; neighbours in a row are one rectangle. */
function cells(counts: Uint32Array, plot: Box, role: Role, isMine: (count: number) => boolean): string {
  const side = (plot.right - plot.left) / CELLS
  const parts: string[] = []
  for (let y = 0; y < CELLS; y++) {
    for (let x = 0; x < CELLS; x++) {
      if (!isMine(counts[y * CELLS + x]!)) continue
      const from = x
      while (x + 1 < CELLS && isMine(counts[y * CELLS + x + 1]!)) x++
      const width = (x + 1 - from) * side
      parts.push(
        `M${place(plot.left + from * side)} ${place(plot.bottom - (y + 1) * side)}h${place(width)}v${place(side)}h${place(-width)}z`,
      )
    }
  }
  return parts.length === 0
    ? ''
    : element('path', { d: parts.join(''), ...paint(role), 'shape-rendering': 'crispEdges' })
}

function equalLine(across: Scale, up: Scale, plot: Box): string {
  const line = { x1: plot.left, y1: up.at(across.from), x2: plot.right, y2: up.at(across.to) }
  return element('line', { ...line, ...paint('inkLine'), 'stroke-width': 1.4, 'stroke-dasharray': '6 4' })
}

function marks({ marks: { at } }: Density, across: Scale, up: Scale): string {
  return at.map(([x, y]) => diamond(across.at(x), up.at(y))).join('')
}

function diamond(x: number, y: number): string {
  const [fill, rim] = [paint('second'), paint('paperLine')]
  return element('path', {
    d: `M${place(x)} ${place(y - 6)}l6 6l-6 6l-6-6z`,
    ...rim,
    ...fill,
    class: `${fill.class} ${rim.class}`,
    'stroke-width': 1.5,
  })
}

/** What shades, line and marks mean, beside the plot. */
function key(
  { rowsName, marks: { text, at } }: Density,
  { edges, most }: { readonly edges: readonly number[]; readonly most: number },
  { x, y }: { x: number; y: number },
): string {
  const title = label(`${rowsName} in a square`, { x, y: y + 4 }, { px: SMALL_PX })
  const first = SHADES.length - edges.length
  const shades = edges.map((edge, i) => {
    const last = (edges[i + 1] ?? most + 1) - 1
    const words = last === edge ? String(edge) : `${edge} to ${last}`
    const top = y + 16 + i * 22
    return (
      element('rect', { x, y: top, width: 22, height: 16, ...paint(SHADES[first + i]!) }) +
      label(words, { x: x + 30, y: top + 12 }, { role: 'soft', px: SMALL_PX })
    )
  })
  const below = y + 16 + edges.length * 22 + 18
  const line = {
    x1: x,
    x2: x + 22,
    y1: below,
    y2: below,
    ...paint('inkLine'),
    'stroke-width': 1.4,
    'stroke-dasharray': '6 4',
  }
  return [
    title,
    ...shades,
    element('line', line),
    label('both are equal', { x: x + 30, y: below + 4 }, { role: 'soft', px: SMALL_PX }),
    ...(at.length === 0 ? [] : [diamond(x + 11, below + 24), ...textLines(text, x + 30, below + 28)]),
  ].join('')
}

const KEY_PX = 160

function textLines(text: string, x: number, y: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim()
    if (lines.length > 0 && widthOf(longer, SMALL_PX) <= KEY_PX) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines.map((line, i) => label(line, { x, y: y + i * 17 }, { role: 'soft', px: SMALL_PX }))
}
