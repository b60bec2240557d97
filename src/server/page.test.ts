import { html } from 'hono/html'
import { expect, test } from 'vitest'
import type { WireMetric, WireRun } from '../tracking/wire.ts'
import { wantsPage } from './page.ts'
import { curve } from './page-curve.ts'
import { page, spanText, timeOf, valueText } from './page-frame.ts'
import { overviewPage, runPage } from './page-views.ts'

const EXPERIMENT = {
  experiment_id: '1',
  name: 'e',
  artifact_location: 'mlflow-artifacts:/1',
  lifecycle_stage: 'active',
}

function run(name: string, values: Partial<WireRun['data']> = {}): WireRun {
  const info = {
    run_uuid: 'a',
    run_id: 'a',
    experiment_id: '1',
    run_name: name,
    user_id: 'anna',
    status: 'FINISHED',
    start_time: 0,
    end_time: 62_000,
    artifact_uri: 'mlflow-artifacts:/1/a/artifacts',
    lifecycle_stage: 'active',
  }
  return { info, data: values }
}

function history(values: readonly (number | string)[], stepOf = (index: number) => index): WireMetric[] {
  return values.map((value, index) => ({ key: 'm', value, timestamp: index, step: stepOf(index) }))
}

test('a browser asks for a page; other clients, with any other wish or none, do not', () => {
  expect(wantsPage('text/html,application/xhtml+xml,*/*;q=0.8')).toBe(true)
  for (const accept of [undefined, '', '*/*', 'application/json', 'application/json, text/plain', 'text/htmlx']) {
    expect(wantsPage(accept), accept).toBe(false)
  }
})

test('whatever clients have written is shown as text, never as markup', async () => {
  const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>`
  const data = { params: [{ key: evil, value: evil }], tags: [{ key: evil, value: evil }] }
  const shown = [
    await runPage({
      run: run(evil, data),
      experiment: { ...EXPERIMENT, name: evil },
      curves: [{ key: evil, history: history([1, 2]) }],
      hasMore: false,
      files: [{ path: evil, is_dir: false, file_size: 1 }],
      report: [`report/${evil}.svg`, `report/${evil}.md`].map((path) => ({ path, is_dir: false, file_size: 1 })),
    }),
    await overviewPage({
      decisions: [],
      models: [{ name: evil, creation_timestamp: 0, last_updated_timestamp: 0 }],
      experiments: [{ ...EXPERIMENT, name: evil }],
      runs: [run(evil)],
    }),
    await page(evil, html`<p>${evil}</p>`),
  ]
  for (const text of shown.map(String)) {
    expect(text).not.toContain('<script')
    expect(text.replaceAll('<img src="/get-artifact?', '')).not.toContain('<img')
    expect(text).toContain('&lt;script&gt;')
  }
})

test('drawings of a report are shown as pictures of our own server, other files of it can be fetched', async () => {
  const report = ['report/error_by_hour.svg', 'report/model_card.md'].map((path) => ({ path, is_dir: false }))
  const view = { run: run('r'), experiment: EXPERIMENT, curves: [], hasMore: false, files: [], report }
  const text = String(await runPage(view))
  expect(text).toContain('<img src="/get-artifact?run_uuid=a&amp;path=report%2Ferror_by_hour.svg" alt="error by hour"')
  expect(text).toContain('<a href="/get-artifact?run_uuid=a&amp;path=report%2Fmodel_card.md">model_card.md</a>')
  expect(String(await runPage({ ...view, report: [] }))).not.toContain('Report')
})

test('a curve is drawn by step; what is no finite number is left out and counted', async () => {
  const drawn = String(await curve('loss', history([4, 'NaN', 2, 'Infinity', 1])))
  expect(drawn).toContain('last 1, 2 not finite')
  expect(/points="([^"]*)"/.exec(drawn)?.[1]?.split(' ')).toEqual(['4.0,16.0', '160.0,80.0', '316.0,112.0'])
  expect(drawn).toContain('step 0')
  const atOnce = String(
    await curve(
      'loss',
      history([4, 2], () => 7),
    ),
  )
  expect(/points="([^"]*)"/.exec(atOnce)?.[1]).toBe('4.0,16.0 316.0,112.0')
  expect(atOnce).toContain('in order')
  expect(String(await curve('loss', history(['NaN'])))).toContain('no finite value')
  const long = String(await curve('loss', history(Array.from({ length: 25_000 }, (_, i) => i))))
  expect(long.length).toBeLessThan(8_000)
})

test('times, spans and values as a person reads them', () => {
  expect(timeOf(Date.UTC(2015, 0, 31, 12))).toBe('2015-01-31 12:00 UTC')
  expect([timeOf(undefined), timeOf(9e15), timeOf(2n ** 62n)]).toEqual(['', '', ''])
  expect([850, 12_340, 302_000, 11_400_000].map(spanText)).toEqual(['850 ms', '12.3 s', '5 min 2 s', '3 h 10 min'])
  expect([valueText(0.1 + 0.2), valueText(1_234_567), valueText('NaN'), valueText(1e-9)]).toEqual([
    '0.3',
    '1234567',
    'NaN',
    '1e-9',
  ])
})
