// What every drawing is made of: elements, two palettes in one file, and a frame with title, notes and a description for who cannot see it.
// No script, no font or picture from elsewhere. Colours are attributes, which every renderer knows, and rules of a style sheet, which
// follow the reader's light or dark scheme where that is understood.

export type Attributes = Readonly<Record<string, string | number>>

/** An element. Numbers are rounded to a tenth, which is less than the eye tells apart; children are markup already. */
export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? place(value) : escaped(value)}"`)
    .join('')
  return children.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${children.join('')}</${name}>`
}

/** A coordinate as it is written. */
export function place(value: number): string {
  return String(Math.round(value * 10) / 10 + 0)
}

/** Text as markup: what XML reserves is escaped, what it forbids is left out. */
export function escaped(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

/**
 * The roles that colours have: what is painted, and how on light and on dark paper. No two series are told apart by hue: `first` is far
 * darker (on dark paper: lighter) than `second`, and the charts add dashes, marks and hatching.
 */
const ROLES = {
  paper: { paints: 'fill', light: '#ffffff', dark: '#14181d' },
  ink: { paints: 'fill', light: '#1c2128', dark: '#e8eaed' },
  soft: { paints: 'fill', light: '#545d68', dark: '#adb5bf' },
  grid: { paints: 'stroke', light: '#dfe3e8', dark: '#2b323b' },
  axis: { paints: 'stroke', light: '#6b7480', dark: '#8b949f' },
  first: { paints: 'fill', light: '#1d4f91', dark: '#8fbdf2' },
  firstLine: { paints: 'stroke', light: '#1d4f91', dark: '#8fbdf2' },
  secondLine: { paints: 'stroke', light: '#c8792b', dark: '#c98647' },
  second: { paints: 'fill', light: '#c8792b', dark: '#c98647' },
  inkLine: { paints: 'stroke', light: '#1c2128', dark: '#e8eaed' },
  paperLine: { paints: 'stroke', light: '#ffffff', dark: '#14181d' },
  shade1: { paints: 'fill', light: '#dbe7f5', dark: '#1f2d3f' },
  shade2: { paints: 'fill', light: '#aac8e8', dark: '#2d4a6c' },
  shade3: { paints: 'fill', light: '#6f9fd1', dark: '#45719f' },
  shade4: { paints: 'fill', light: '#3a6fb0', dark: '#74a5d8' },
  shade5: { paints: 'fill', light: '#12335f', dark: '#d3e6fb' },
} as const satisfies Record<string, { paints: 'fill' | 'stroke'; light: string; dark: string }>
export type Role = keyof typeof ROLES

/** The attributes that give an element a role's colour. */
export function paint(role: Role): Attributes {
  const { paints, light } = ROLES[role]
  return { class: role, [paints]: light }
}

const TEXT_PX = 14
export const SMALL_PX = 12

/** A line of text at a place. */
export function label(
  text: string,
  at: { readonly x: number; readonly y: number },
  how: {
    readonly anchor?: 'start' | 'middle' | 'end'
    readonly role?: Role
    readonly px?: number
    readonly bold?: boolean
    /** Degrees. */
    readonly turned?: number
  } = {},
): string {
  const attributes: Record<string, string | number> = { ...at, ...paint(how.role ?? 'ink') }
  if (how.anchor !== undefined && how.anchor !== 'start') attributes['text-anchor'] = how.anchor
  if (how.px !== undefined && how.px !== TEXT_PX) attributes['font-size'] = how.px
  if (how.bold === true) attributes['font-weight'] = 600
  if (how.turned !== undefined) attributes.transform = `rotate(${how.turned} ${place(at.x)} ${place(at.y)})`
  return element('text', attributes, escaped(text))
}

/** What a drawing says in words. */
export interface Words {
  /** Short and of letters, digits and hyphens: ids in the file begin with it, so that several can stand in one page. */
  readonly name: string
  readonly title: string
  /** Below the title: what is shown, of which rows. */
  readonly subtitle: string
  /** Below the drawing. */
  readonly notes: readonly string[]
  /** The drawing in words, for who cannot see it. */
  readonly description: string
}

/** The place a chart draws in, axes and all, in pixels. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

const WIDTH = 760
const MARGIN = 20
const LINE_PX = 18

/** A whole SVG file. `draw` gets the place between title and notes. */
export function drawing(words: Words, height: number, draw: (box: Box) => string): string {
  const subtitle = wrapped(words.subtitle, TEXT_PX)
  const notes = words.notes.flatMap((note) => wrapped(note, SMALL_PX))
  const top = MARGIN + 24 + subtitle.length * LINE_PX + 6
  const bottom = top + height
  const total = bottom + (notes.length === 0 ? 0 : 8 + notes.length * (LINE_PX - 1)) + MARGIN - 6
  const [titleId, descriptionId] = [`${words.name}-title`, `${words.name}-description`]
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${WIDTH} ${place(total)}`,
      width: WIDTH,
      height: total,
      role: 'img',
      'aria-labelledby': `${titleId} ${descriptionId}`,
      'font-family': "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif",
      'font-size': TEXT_PX,
    },
    element('title', { id: titleId }, escaped(words.title)),
    element('desc', { id: descriptionId }, escaped(words.description)),
    element('style', {}, STYLE),
    element('rect', { width: WIDTH, height: total, ...paint('paper') }),
    label(words.title, { x: MARGIN, y: MARGIN + 12 }, { px: 18, bold: true }),
    ...subtitle.map((line, i) => label(line, { x: MARGIN, y: MARGIN + 34 + i * LINE_PX }, { role: 'soft' })),
    draw({ left: MARGIN, top, right: WIDTH - MARGIN, bottom }),
    ...notes.map((line, i) =>
      label(line, { x: MARGIN, y: bottom + 20 + i * (LINE_PX - 1) }, { role: 'soft', px: SMALL_PX }),
    ),
  )}\n`
}

const rules = (scheme: 'light' | 'dark'): string =>
  Object.entries(ROLES)
    .map(([role, colours]) => `.${role}{${colours.paints}:${colours[scheme]}}`)
    .join('')

const STYLE = `${rules('light')}@media (prefers-color-scheme:dark){${rules('dark')}}`

/** How wide a text is, about: letters of these fonts are half as wide as high, give or take a tenth. */
export function widthOf(text: string, px: number): number {
  return text.length * px * 0.53
}

/** A text in lines that fit a drawing's width. */
function wrapped(text: string, px: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && widthOf(longer, px) > WIDTH - 2 * MARGIN) {
      lines.push(line)
      line = word
    } else {
      line = longer
    }
  }
  return line === '' ? lines : [...lines, line]
}
