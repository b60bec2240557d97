// The charts of a training, each as an SVG file.
import { type BandBar, bandChart } from '../charts/bands.ts'
import { curveChart } from '../charts/curve.ts'
import { densityChart } from '../charts/density.ts'
import { rankingChart } from '../charts/ranking.ts'
import { roundUp } from '../charts/scale.ts'
import { counted, countText, figureWriter } from '../evaluation/figures.ts'
import { calibrationOf, isFew } from '../evaluation/slices.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Project } from './project.ts'
import { windowText } from './recording.ts'
import type { TrainingResult } from './rooms.ts'
import type { Importance, Measured, SliceErrors } from './training-report-measures.ts'

type Described = Pick<Project, 'metric' | 'row' | 'specification'>

/** Error by step of a training, the kept one marked; null of a training in one step, which has no curve. */
export function learningCurve(
  { metric, row }: Described,
  trainer: string,
  result: Pick<
    TrainingResult,
    'epochs' | 'keptEpoch' | 'earlyStopMae' | 'fitRows' | 'earlyStopRows' | 'sampledRows' | 'averaged'
  >,
): string | null {
  const { epochs, keptEpoch, earlyStopMae, fitRows, earlyStopRows, sampledRows, averaged = 1 } = result
  if (epochs.length < 2) return null
  const unit = trainerNamed(trainer).countsBy ?? 'epoch'
  const hasEarlyStop = earlyStopMae !== null
  const some = sampledRows === undefined ? 'the' : `${countText(sampledRows)} of the`
  const learnt = { label: `${some} ${countText(fitRows)} ${row.many} learnt`, values: epochs.map(({ mae }) => mae) }
  const stopping = {
    label: `the ${countText(earlyStopRows)} early-stop ${row.many}`,
    values: epochs.map(({ valMae }) => valMae ?? Number.NaN),
  }
  const kept = epochs[keptEpoch]
  const keptError = (hasEarlyStop ? kept?.valMae : kept?.mae) ?? null
  const keptText =
    keptError === null ? '' : `kept: ${unit} ${keptEpoch + 1}, ${figureWriter([keptError])(keptError)} ${metric.unit}`
  const notes = [
    hasEarlyStop
      ? `Kept is the ${unit} with the lowest loss on the early-stop rows. Their error there is a selection figure: too good for rows to come.`
      : 'No rows were set aside: nothing here says how it does on others.',
    ...(averaged > 1
      ? [`So learnt the first of ${averaged} models, whose average is kept; the others went as far.`]
      : []),
    // Keras reports it so too: dropout is at work, and the weights change from batch to batch.
    ...(unit === 'epoch'
      ? ['The error on the rows learnt is taken during the epoch, while learning, and can lie above the other.']
      : []),
  ]
  return curveChart({
    words: {
      name: 'learning-curve',
      title: `How ${trainer} learnt`,
      subtitle: `Mean absolute error by ${unit}, in ${metric.unit}`,
      notes,
      description: `Error in ${metric.unit} after each of ${counted(epochs.length, unit)}, on ${learnt.label}${hasEarlyStop ? ` and on ${stopping.label}` : ''}. ${keptText === '' ? '' : `${keptText}.`}`,
    },
    stepName: unit,
    steps: epochs.map(({ epoch }) => epoch + 1),
    valueName: `error, ${metric.unit}`,
    series: hasEarlyStop ? [learnt, stopping] : [learnt],
    kept: keptText === '' ? null : { position: keptEpoch, text: keptText, series: hasEarlyStop ? 1 : 0 },
  })
}

/** Error and bias by the bands of one slice. */
export function sliceChart(
  { metric, row }: Described,
  { slice, bands }: SliceErrors,
  { window, estimate, rows }: Measured,
): string {
  const text = figureWriter([estimate.mean, ...bands.flatMap(({ error }) => error ?? [])])
  const unit = slice.unit === undefined ? '' : `, ${slice.unit}`
  const bars: BandBar[] = bands.map((band) => ({
    label: band.label,
    rows: band.rows,
    error: band.error,
    low: band.interval === null ? null : Math.max(0, band.interval.low),
    high: band.interval?.high ?? null,
    bias: band.bias,
    isFew: isFew(band),
  }))
  const few = bands.filter(isFew).length
  const notes = [
    'Whiskers: 95 % interval of the band’s error, rows clustered by day; none on a single day.',
    ...(few === 0
      ? []
      : ['Hatched: fewer than 30 rows, which say little of the next ones. An arrow: the bar goes on beyond the axis.']),
    ...(slice.readsTarget ? [TARGET_NOTE] : []),
  ]
  const inWords = bands.flatMap(({ label, error, rows: count }) =>
    error === null ? [] : [`${label}: ${text(error)} (${countText(count)})`],
  )
  return bandChart({
    words: {
      name: `error-by-${slice.name.replaceAll('_', '-')}`,
      title: `Error by ${slice.label}`,
      subtitle: `${countText(rows)} ${row.many} of ${windowText(window)}, the holdout: not seen in training`,
      notes,
      description: `Mean absolute error in ${metric.unit} by ${slice.label}${unit}, with the number of ${row.many}: ${inWords.join('; ')}. All ${row.many}: ${text(estimate.mean)}.`,
    },
    bars,
    bandName: `${slice.label}${unit}`,
    errorName: `mean absolute error, ${metric.unit}`,
    biasName: `bias (predicted − actual), ${metric.unit}`,
    rowsName: row.many,
    overall: {
      error: estimate.mean,
      text: `all ${row.many}: ${figureWriter([estimate.mean])(estimate.mean)} ${metric.unit}`,
    },
  })
}

/** Why a view by the actual value needs care. */
export const TARGET_NOTE =
  'A view by the actual value: rows with a high one are predicted too low on average, and those with a low one too high, even by the best of models, since part of what was high or low was chance.'

/** Share of the rows that lie inside the axes of predicted against actual, at least. */
const SHOWN_SHARE = 0.995
const GROUPS = 10
const ROWS_PER_GROUP = 20

/** Predictions against actual values, by how many rows lie where. */
export function againstChart({ metric, row, specification }: Described, measured: Measured): string {
  const { actual, predicted, window, rows } = measured
  const all = Float64Array.from([...actual, ...predicted]).sort()
  const at = (share: number): number => all[Math.min(all.length - 1, Math.floor(all.length * share))] ?? 0
  const high = roundUp(at(SHOWN_SHARE))
  const low = (all[0] ?? 0) < 0 ? -roundUp(-at(1 - SHOWN_SHARE)) : 0
  const isInside = (value: number): boolean => value >= low && value <= high
  const beyond = actual.reduce((count, value, i) => count + (isInside(value) && isInside(predicted[i]!) ? 0 : 1), 0)
  const { target } = specification('utc')
  const count = Math.min(GROUPS, Math.floor(rows / ROWS_PER_GROUP))
  const groups = count < 2 ? [] : calibrationOf(measured, count)
  const groupName = count === GROUPS ? 'each tenth' : `each of ${count} equal groups`
  const pairs = groups.map((group) => `${group.predicted.toFixed(2)} and ${group.actual.toFixed(2)}`)
  const inWords =
    pairs.length === 0
      ? []
      : [`Mean predicted and mean actual value of ${groupName}, by prediction: ${pairs.join('; ')}.`]
  const beyondNote = beyond === 0 ? [] : [`Beyond the axes: ${countText(beyond)} of ${countText(rows)} ${row.many}.`]
  return densityChart({
    words: {
      name: 'predicted-against-actual',
      title: 'Predicted against actual',
      subtitle: `${target} of the ${countText(rows)} ${row.many} of ${windowText(window)}, the holdout, in ${metric.unit}`,
      notes: beyondNote,
      description: [`How many ${row.many} had which actual and which predicted value.`, ...inWords].join(' '),
    },
    across: actual,
    up: predicted,
    acrossName: `actual, ${metric.unit}`,
    upName: `predicted, ${metric.unit}`,
    span: [low, high === low ? low + 1 : high],
    rowsName: row.many,
    marks: {
      text: `mean of ${groupName} of the ${row.many}, by prediction: on the line, predictions of that height are right on average`,
      at: groups.map((group) => [group.actual, group.predicted] as const),
    },
  })
}

/** Bars of a chart of importances: what comes after is summed up in one. */
const MOST_BARS = 24

/** What the model looks at. */
export function importanceChart({ metric, row }: Described, importance: Importance): string {
  if (importance.kind === 'gain') {
    const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
    const top = importance.features.slice(0, MOST_BARS)
    const rest = importance.features.slice(MOST_BARS)
    const restShare = rest.reduce((sum, { share }) => sum + share, 0)
    const bars = [...top, ...(rest.length === 0 ? [] : [{ name: `${rest.length} others together`, share: restShare }])]
    return rankingChart(
      {
        name: 'importance',
        title: 'What each feature was worth in training',
        subtitle: 'Share of the total gain: how much less the loss became by splits on the feature, on the rows learnt',
        notes: [
          'Of features that tell much the same, one may have the gain of both. A share says nothing of the direction.',
        ],
        description: `Share of the total gain: ${bars.map(({ name, share }) => `${name} ${percent(share)}`).join('; ')}.`,
      },
      bars.map(({ name, share }) => ({ label: name, value: share, text: percent(share), span: null })),
    )
  }
  const text = figureWriter(importance.columns.map(({ mean }) => mean))
  return rankingChart(
    {
      name: 'importance',
      title: 'What the model looks at',
      subtitle: `How much its error grows, in ${metric.unit}, when one column’s values are exchanged among ${countText(importance.rows)} ${row.many} of the holdout`,
      notes: [
        `Bars: mean of ${importance.repeats} exchanges; whiskers: the smallest and the largest. Columns that tell much the same stand in for each other, and each seems worth less.`,
      ],
      description: `Growth of the error in ${metric.unit} by column: ${importance.columns.map(({ name, mean }) => `${name} ${text(mean)}`).join('; ')}.`,
    },
    importance.columns.map(({ name, mean, low, high }) => ({
      label: name,
      value: mean,
      text: `+${text(mean)}`.replace('+-', '−'),
      span: [low, high],
    })),
  )
}
