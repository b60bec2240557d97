// The pages for a browser, from what they show. Reading it is page.ts's.
import { html } from 'hono/html'
import type { Transition } from '../tracking/port.ts'
import type {
  WireExperiment,
  WireFile,
  WireKeyValue,
  WireMetric,
  WireModelVersion,
  WireRegisteredModel,
  WireRun,
} from '../tracking/wire.ts'
import { curve } from './page-curve.ts'
import { badge, type Html, link, page, spanText, table, timeOf, valueText } from './page-frame.ts'

/** What waits for a person, as the page tells it. */
export interface WaitingDecision {
  readonly id: number
  readonly model: string
  readonly month: string
  readonly version: number | null
  readonly askedAtMs: number
  /** Lines of evidence. */
  readonly evidence: readonly string[]
  readonly choices: readonly { readonly choice: string; readonly isPossible: boolean; readonly effect: string }[]
}

/** Metrics of a run in a list of runs. */
const METRICS_IN_A_ROW = 3

export interface Overview {
  readonly decisions: readonly WaitingDecision[]
  readonly models: readonly WireRegisteredModel[]
  readonly experiments: readonly WireExperiment[]
  readonly runs: readonly WireRun[]
}

export function overviewPage({ decisions, models, experiments, runs }: Overview): Html {
  const names = new Map(experiments.map(({ experiment_id, name }) => [experiment_id, name]))
  return page('Understudy', [
    decisions.length === 0 ? html`` : html`<h2>Waits for a person</h2>${decisions.map(decisionCard)}`,
    html`<h2>Models</h2>${models.length === 0 ? nothing('no model is registered yet; ./understudy cycle trains the first one') : modelTable(models)}`,
    html`<h2>Experiments</h2>${
      experiments.length === 0
        ? nothing('there is none')
        : table(
            ['experiment', 'id', 'last change'],
            experiments.map(({ experiment_id, name, last_update_time }) => [
              link(`/experiments/${experiment_id}`, name),
              experiment_id,
              timeOf(last_update_time),
            ]),
          )
    }`,
    html`<h2>Latest runs</h2>${runs.length === 0 ? nothing('no run was logged yet') : runTable(runs, names)}`,
  ])
}

export function experimentPage(experiment: WireExperiment, runs: readonly WireRun[], next: string | null): Html {
  return page(experiment.name, [
    html`<h1>${experiment.name}</h1><p class="soft">experiment ${experiment.experiment_id}, artifacts in <code>${experiment.artifact_location}</code></p>`,
    html`<h2>Runs, newest first</h2>${runs.length === 0 ? nothing('none') : runTable(runs, null)}`,
    next === null ? html`` : html`<p>${link(next, 'older runs')}</p>`,
  ])
}

export interface RunView {
  readonly run: WireRun
  readonly experiment: WireExperiment
  /** Metrics with more than one point. */
  readonly curves: readonly { readonly key: string; readonly history: readonly WireMetric[] }[]
  /** Whether further metrics have curves that are not drawn. */
  readonly hasMore: boolean
  readonly files: readonly WireFile[]
  /** Those of its report: drawings are shown, the rest can be fetched. */
  readonly report: readonly WireFile[]
}

export function runPage({ run, experiment, curves, hasMore, files, report }: RunView): Html {
  const { info, data, inputs } = run
  const took =
    info.start_time === undefined || info.end_time === undefined
      ? ''
      : `, took ${spanText(Number(info.end_time) - Number(info.start_time))}`
  const drawings = html`<div class="curves">${curves.map(({ key, history }) => curve(key, history))}</div>${hasMore ? html`<p class="soft">further metrics are in the table below</p>` : ''}`
  const metrics = (data.metrics ?? []).map(({ key, value, step }) => [key, valueText(value), String(step)])
  const datasets = (inputs?.dataset_inputs ?? []).map(({ dataset, tags }) => [
    dataset.name,
    dataset.digest,
    tags?.find(({ key }) => key === 'mlflow.data.context')?.value ?? '',
  ])
  const listed = files.map(({ path, is_dir, file_size }) => [is_dir ? `${path}/` : path, String(file_size ?? '')])
  return page(info.run_name || info.run_id, [
    html`<h1>${info.run_name || info.run_id}</h1><p>${badge(info.status)} <span class="soft">run <code>${info.run_id}</code> of ${link(`/experiments/${experiment.experiment_id}`, experiment.name)}, begun ${timeOf(info.start_time)}${took}${info.user_id === '' ? '' : ` by ${info.user_id}`}</span></p>`,
    curves.length === 0 ? html`` : html`<h2>Curves</h2>${drawings}`,
    listing('Metrics', ['name', 'last value', 'step'], metrics, ['last value', 'step']),
    reportOf(info.run_id, report),
    listing('Parameters', ['name', 'value'], pairsOf(data.params)),
    listing('Data', ['name', 'digest', 'read for'], datasets),
    listing('Artifacts', ['path', 'bytes'], listed, ['bytes']),
    listing('Tags', ['name', 'value'], pairsOf(data.tags)),
  ])
}

/** What a training leaves for people, as pictures; other files of it as links. */
function reportOf(runId: string, files: readonly WireFile[]): Html {
  if (files.length === 0) return html``
  const address = (path: string): string => `/get-artifact?${new URLSearchParams({ run_uuid: runId, path })}`
  const drawings = files.filter(({ path }) => path.endsWith('.svg'))
  const others = files.filter(({ path, is_dir }) => !is_dir && !path.endsWith('.svg'))
  const nameOf = (path: string): string => path.split('/').at(-1) ?? path
  return html`<h2>Report</h2><div class="drawings">${drawings.map(
    ({ path }) =>
      html`<img src="${address(path)}" alt="${nameOf(path)
        .replace(/\.svg$/, '')
        .replaceAll('_', ' ')}" loading="lazy">`,
  )}</div>
<p>${others.map(({ path }) => html`${link(address(path), nameOf(path))} `)}</p>`
}

/** A heading and its table; nothing where there are no rows. */
function listing(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  numbers: readonly string[] = [],
): Html {
  return rows.length === 0 ? html`` : html`<h2>${title}</h2>${table(columns, rows, numbers)}`
}

function pairsOf(pairs: readonly WireKeyValue[] | undefined): string[][] {
  return (pairs ?? []).map(({ key, value }) => [key, value])
}

export function modelPage(
  model: WireRegisteredModel,
  versions: readonly WireModelVersion[],
  history: readonly Transition[],
): Html {
  return page(model.name, [
    html`<h1>${model.name}</h1>${model.description === undefined || model.description === '' ? '' : html`<p>${model.description}</p>`}`,
    html`<h2>Versions</h2>${
      versions.length === 0
        ? nothing('none')
        : table(
            ['version', 'stage', 'made', 'run', 'aliases', 'description'],
            versions.map((version) => [
              `v${version.version}`,
              badge(version.current_stage),
              timeOf(version.creation_timestamp),
              version.run_id === undefined || version.run_id === ''
                ? ''
                : link(`/runs/${version.run_id}`, version.run_id.slice(0, 8)),
              (version.aliases ?? []).join(', '),
              version.description ?? '',
            ]),
          )
    }`,
    html`<h2>History, newest first</h2>${
      history.length === 0
        ? nothing('no version was moved yet')
        : table(
            ['when', 'version', 'move', 'by', 'why'],
            history
              .toReversed()
              .map(({ atMs, version, from, to, actor, reason }) => [
                timeOf(atMs),
                `v${version}`,
                `${from} → ${to}`,
                actor,
                reason,
              ]),
          )
    }`,
  ])
}

export function notFoundPage(what: string): Html {
  return page('Not found', html`<h1>Not found</h1><p>${what}</p><p>${link('/', 'to the beginning')}</p>`)
}

function decisionCard({ id, model, month, version, askedAtMs, evidence, choices }: WaitingDecision): Html {
  return html`<div class="card"><p><b>Decision ${id}</b>: ${link(`/models/${encodeURIComponent(model)}`, model)} ${month}${version === null ? '' : `, v${version} waits in Staging`} <span class="soft">asked ${timeOf(askedAtMs)}</span></p>
${evidence.map((line) => html`<p>${line}</p>`)}
${table(
  ['answer', 'what it would do'],
  choices.map(({ choice, isPossible, effect }) => [
    isPossible ? html`<b>${choice}</b>` : html`<span class="soft">${choice}</span>`,
    isPossible ? effect : `not possible: ${effect}`,
  ]),
)}
<p class="soft">answer with <code>./understudy decide ${id} promote --why "…"</code></p></div>`
}

function modelTable(models: readonly WireRegisteredModel[]): Html {
  const inStage = (model: WireRegisteredModel, stage: string): string =>
    (model.latest_versions ?? [])
      .filter(({ current_stage }) => current_stage === stage)
      .map(({ version }) => `v${version}`)
      .join(', ')
  return table(
    ['model', 'Production', 'Staging', 'last change'],
    models.map((model) => [
      link(`/models/${encodeURIComponent(model.name)}`, model.name),
      inStage(model, 'Production'),
      inStage(model, 'Staging'),
      timeOf(model.last_updated_timestamp),
    ]),
  )
}

/** `names` are those of the experiments; null where all runs are of one. */
function runTable(runs: readonly WireRun[], names: ReadonlyMap<string, string> | null): Html {
  const row = ({ info, data }: WireRun): (string | Html)[] => [
    link(`/runs/${info.run_id}`, info.run_name || info.run_id.slice(0, 8)),
    ...(names === null ? [] : [names.get(info.experiment_id) ?? info.experiment_id]),
    badge(info.status),
    timeOf(info.start_time),
    (data.metrics ?? [])
      .slice(0, METRICS_IN_A_ROW)
      .map(({ key, value }) => `${key} ${valueText(value)}`)
      .join(', '),
  ]
  return table(['run', ...(names === null ? [] : ['experiment']), 'status', 'begun', 'metrics'], runs.map(row))
}

function nothing(what: string): Html {
  return html`<p class="soft">${what}</p>`
}
