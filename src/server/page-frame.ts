// What every page for a browser shares: its frame, its style and its small parts. No script, nothing loaded from elsewhere.
import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'

/** A piece of a page; what is put into it was escaped. */
export type Html = ReturnType<typeof html>

const STYLE = `
:root{color-scheme:light dark;--ink:#1a1d21;--soft:#5d6672;--line:#d9dee4;--page:#fff;--card:#f6f8fa;--link:#0b62c4;--good:#1a7f37;--warn:#9a5b00;--bad:#b42318;--mark:#0b62c4}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa4b1;--line:#343b44;--page:#14171a;--card:#1d2126;--link:#6cb2ff;--good:#57c576;--warn:#e2a33c;--bad:#ff8078;--mark:#6cb2ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:76rem;padding:1.25rem clamp(1rem,3vw,2rem) 3rem;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
a{color:var(--link);text-decoration:none}a:hover{text-decoration:underline}
header{display:flex;gap:1rem;align-items:baseline;flex-wrap:wrap;border-bottom:1px solid var(--line);padding-bottom:.6rem;margin-bottom:1rem}
header b{font-size:1.1rem}header span{color:var(--soft)}
h1{font-size:1.4rem;margin:1rem 0 .3rem;overflow-wrap:anywhere}h2{font-size:1.05rem;margin:1.8rem 0 .5rem}
p{margin:.3rem 0}.soft{color:var(--soft)}.good{color:var(--good)}.warn{color:var(--warn)}.bad{color:var(--bad)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--soft);text-align:left;white-space:nowrap}
th,td{padding:.32rem .8rem .32rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td.n,th.n{text-align:right}td{overflow-wrap:break-word}
.badge{display:inline-block;border:1px solid currentColor;border-radius:1rem;padding:0 .55rem;font-size:.85rem;white-space:nowrap}
.card{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.7rem 1rem;margin:.6rem 0}
.curves{display:grid;grid-template-columns:repeat(auto-fill,minmax(18rem,1fr));gap:1rem}
.drawings{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(30rem,100%),1fr));gap:1rem}.drawings img{width:100%;height:auto;border:1px solid var(--line);border-radius:.5rem}
figure{margin:0;background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.6rem}
figcaption{font-weight:600;overflow-wrap:anywhere}svg{display:block;width:100%;height:auto}
polyline{fill:none;stroke:var(--mark);stroke-width:1.6;vector-effect:non-scaling-stroke}circle{fill:var(--mark)}
svg text{fill:var(--soft);font-size:11px}svg line{stroke:var(--line);vector-effect:non-scaling-stroke}
code{font:13px ui-monospace,monospace}pre{margin:.3rem 0;white-space:pre-wrap;font:13px/1.45 ui-monospace,monospace}
`

/** Allows this style and our own pictures, and nothing else: no script, no form, no frame. */
export const PAGE_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'`

/** A whole page. */
export function page(title: string, body: Html | Html[]): Html {
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${title}</title><style>${raw(STYLE)}</style></head>
<body><header><b><a href="/">Understudy</a></b><span>runs, models and what waits for a person; everything here is only shown</span></header>
<main>${body}</main></body></html>`
}

/** A table; cells are text or pieces of a page. Columns named in `numbers` are set to the right. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
  numbers: readonly string[] = [],
): Html {
  const cell = (index: number): Html => (numbers.includes(columns[index] ?? '') ? raw(' class="n"') : raw(''))
  return html`<div class="wide"><table><thead><tr>${columns.map((name, index) => html`<th${cell(index)}>${name}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((value, index) => html`<td${cell(index)}>${value}</td>`)}</tr>`)}</tbody></table></div>`
}

export function link(path: string, text: string): Html {
  return html`<a href="${path}">${text}</a>`
}

/** A stage or status as a small mark. */
export function badge(text: string): Html {
  const tone: Readonly<Record<string, string>> = {
    Production: 'good',
    FINISHED: 'good',
    Staging: 'warn',
    RUNNING: 'warn',
    SCHEDULED: 'warn',
    FAILED: 'bad',
    KILLED: 'bad',
  }
  return html`<span class="badge ${tone[text] ?? 'soft'}">${text}</span>`
}

/** `2015-01-31 12:00 UTC`; nothing for a time that is absent. */
export function timeOf(at: number | bigint | undefined | null): string {
  const ms = Number(at ?? Number.NaN)
  if (!Number.isFinite(ms) || Math.abs(ms) > 8.64e15) return ''
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** Milliseconds as a person says them: `850 ms`, `12.3 s`, `5 min 2 s`, `3 h 10 min`. */
export function spanText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const seconds = ms / 1000
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60
    ? `${minutes} min ${Math.floor(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A metric's value with at most six significant digits; NaN and infinities by their names. */
export function valueText(value: number | string): string {
  if (typeof value === 'string') return value
  return Number.isInteger(value) && Math.abs(value) < 1e15 ? String(value) : String(Number(value.toPrecision(6)))
}
