// A metric's history as a drawing in SVG.
import { html } from 'hono/html'
import type { WireMetric } from '../tracking/wire.ts'
import { type Html, valueText } from './page-frame.ts'

const WIDTH = 320
const HEIGHT = 130
const LEFT = 4
const TOP = 16
const BOTTOM = 18

/** Points drawn at most: more than the drawing has columns would only make the page heavy. */
const POINTS = 300

/** The curve of one metric by step, or by order where all share one. Values that are no finite numbers are left out, and said to be. */
export function curve(key: string, history: readonly WireMetric[]): Html {
  const isByOrder = history.every(({ step }) => step === history[0]?.step)
  const points = history.flatMap(({ value, step }, index) =>
    typeof value === 'number' && Number.isFinite(value) ? [{ value, step: isByOrder ? index : Number(step) }] : [],
  )
  const left = history.length - points.length
  const shown = thinned(points)
  const [low, high] = rangeOf(shown.map(({ value }) => value))
  const [first, last] = rangeOf(shown.map(({ step }) => step))
  const x = (step: number): number => LEFT + ((step - first) / (last - first || 1)) * (WIDTH - 2 * LEFT)
  const y = (value: number): number => TOP + ((high - value) / (high - low || 1)) * (HEIGHT - TOP - BOTTOM)
  const drawn = shown.map(({ value, step }) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`).join(' ')
  const end = shown.at(-1)
  const said = end === undefined ? 'no finite value' : `last ${valueText(end.value)}`
  return html`<figure><figcaption>${key} <span class="soft">${said}${left === 0 ? '' : `, ${left} not finite`}</span></figcaption>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${key} by step"><line x1="0" y1="${HEIGHT - BOTTOM}" x2="${WIDTH}" y2="${HEIGHT - BOTTOM}"/>
<polyline points="${drawn}"/>${end === undefined ? '' : html`<circle cx="${x(end.step).toFixed(1)}" cy="${y(end.value).toFixed(1)}" r="2.5"/>`}
<text x="${LEFT}" y="11">${end === undefined ? '' : valueText(high)}</text><text x="${LEFT}" y="${HEIGHT - BOTTOM - 3}">${low === high || end === undefined ? '' : valueText(low)}</text>
<text x="${LEFT}" y="${HEIGHT - 4}">${isByOrder ? 'in order' : `step ${first}`}</text><text x="${WIDTH - LEFT}" y="${HEIGHT - 4}" text-anchor="end">${isByOrder ? '' : last}</text></svg></figure>`
}

function rangeOf(values: readonly number[]): readonly [low: number, high: number] {
  if (values.length === 0) return [0, 0]
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  )
}

/** Every so many points, the first and the last kept. */
function thinned<T>(points: readonly T[]): readonly T[] {
  if (points.length <= POINTS) return points
  return Array.from({ length: POINTS }, (_, index) => points[Math.round((index * (points.length - 1)) / (POINTS - 1))]!)
}
