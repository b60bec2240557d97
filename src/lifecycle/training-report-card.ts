// The model card: what a version is, what it learnt, how well it does and where not, in Markdown, every sentence from what is recorded.
import { countText, figureWriter, percentText } from '../evaluation/figures.ts'
import { isFew } from '../evaluation/slices.ts'
import { dayText } from '../kernel/window.ts'
import { INTERVAL_LEVELS } from '../learning/intervals.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { Project } from './project.ts'
import { windowText } from './recording.ts'
import { TARGET_NOTE } from './training-report-charts.ts'
import { type CardFacts, table } from './training-report-facts.ts'
import type { Looks } from './training-report-looks.ts'
import type { Compared, Measured } from './training-report-measures.ts'
import { dataLines, methodLines } from './training-report-origins.ts'

/** The card as a Markdown file. */
export function modelCard(facts: CardFacts): string {
  const { model, version, record, run } = facts
  const sections = [
    [
      `# ${version === null ? `${model}, a training that became no version` : `${model} v${version}`}`,
      ...summary(facts),
    ],
    ['## Error', ...errorLines(facts)],
    ...sliceSections(facts),
    ['## Importance', ...importanceLines(facts)],
    ['## Data', ...dataLines(facts)],
    ['## Method', ...methodLines(facts)],
    ['## Limits', ...limitLines(facts).map((line) => `- ${line}`)],
    [
      '## Again',
      `\`./understudy reproduce ${run.id}\` trains it again from what is recorded (\`training.json\` beside this folder) and says whether the same comes out.`,
      `The file it has to come to: ${countText(record.model.bytes)} bytes, sha256 \`${record.model.sha256}\`.`,
    ],
  ]
  return `${sections.map((section) => paragraphs(section)).join('\n\n')}\n`
}

/** Paragraphs with empty lines between them; rows of a table and items of a list stay together. */
function paragraphs(lines: readonly string[]): string {
  return lines
    .map((line, i) => {
      const before = lines[i - 1]
      const isTogether =
        before !== undefined && ['|', '- '].some((mark) => line.startsWith(mark) && before.startsWith(mark))
      return `${i === 0 ? '' : isTogether ? '\n' : '\n\n'}${line}`
    })
    .join('')
}

function summary({ project, version, refitOf, record, measured, run }: CardFacts): string[] {
  const { columns, target } = project.specification(record.request.timeReading)
  const inputs = columns.map(({ name }) => `\`${name}\``).filter((name) => name !== `\`${target}\``)
  const what = `Predicts \`${target}\` of a ${project.row.one}, in ${project.metric.unit}, from ${inputs.join(', ')}. The file \`model/model.onnx\` goes from these raw columns to the answer.`
  const refit =
    refitOf === null
      ? []
      : [
          `It is v${refitOf} fitted again on the whole window, for as many steps: other weights than those that were judged.`,
        ]
  const none =
    version === null
      ? [
          'Another training of the same task did better on the early-stop rows and became the version; this one was not measured further.',
        ]
      : []
  const main = 'reason' in measured ? [] : [`**${headline(project, measured)}**`]
  return [
    what,
    ...refit,
    ...none,
    ...main,
    `Trained in run \`${run.id}\`. What was decided of it: \`./understudy models${version === null ? '' : ` show ${version}`}\`.`,
  ]
}

function headline({ metric, row }: Project, { estimate, rows, window, looks }: Measured): string {
  const { interval, mean } = estimate
  const text = figureWriter([mean, ...(interval === null ? [] : [interval.low, interval.high])])
  const span =
    interval === null ? '' : ` (${percentText(looks.level)} interval ${text(interval.low)} to ${text(interval.high)})`
  return `Mean absolute error ${text(mean)} ${metric.unit}${span} on the ${countText(rows)} ${row.many} of ${windowText(window)}, the holdout`
}

function errorLines({ project, measured, record, run, charts }: CardFacts): string[] {
  const { earlyStopMae, earlyStopRows } = record.result
  const { metric, row } = project
  const selection =
    earlyStopMae === null
      ? ['No early-stop rows were set aside.']
      : [
          `On the ${countText(earlyStopRows)} early-stop ${row.many} the error is ${figureWriter([earlyStopMae])(earlyStopMae)} ${metric.unit}. This is a selection figure: the loss on these rows says how long to learn, and this error which of several trainers is taken. It says nothing of performance.`,
        ]
  const curve = charts.includes('learning_curve.svg')
    ? ['![How it learnt](learning_curve.svg)']
    : ['It learnt in one step: there is no curve.']
  if ('reason' in measured) return [`There is no error on a holdout: ${measured.reason}.`, ...selection, ...curve]
  const { days, estimate, compared } = measured
  return [
    `${headline(project, measured)}.${estimate.interval === null ? '' : ` The interval counts the ${days.length} days as what was drawn; it does not cover the luck of another training.`}`,
    looksText(project, measured.looks),
    ...(compared === null ? [] : [comparedText(project, compared, measured)]),
    ...coverageText(project, run.metrics),
    ...selection,
    ...curve,
    ...(charts.includes('predicted_against_actual.svg')
      ? ['![Predicted against actual](predicted_against_actual.svg)']
      : []),
  ]
}

/** Who saw the holdout before: what this program did is known, what people did is not. */
function looksText({ row }: Project, { count, level }: Looks): string {
  const known = `Nothing of this training saw these ${row.many}: neither what was learnt, nor early stopping, nor the choice among its trainers.`
  if (count === 1) return `${known} Whether whoever chose its features and settings had looked at them is not recorded.`
  const models = count === 2 ? 'another model was' : `${count - 1} other models were`
  const intervals = level > 0.95 ? `; the intervals are at ${percentText(level)}, as those of the verdict` : ''
  return `This is a further look: ${count} looks were taken at these ${row.many}, as ${models} judged on them before it was trained${intervals}. ${known} What was asked for may have been chosen by what was seen then.`
}

function comparedText(
  { metric, row }: Project,
  compared: Compared,
  { estimate: { mean: own }, looks }: Pick<Measured, 'estimate' | 'looks'>,
): string {
  if ('reason' in compared)
    return `v${compared.version}, which it is up against, cannot score these ${row.many}: ${compared.reason}.`
  const { difference } = compared
  const text = figureWriter([compared.error, own])
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${text(Math.abs(value))}`
  const span =
    difference === null
      ? ''
      : `; the difference is ${signed(difference.mean)} ${metric.unit} (${percentText(looks.level)} interval ${signed(difference.low)} to ${signed(difference.high)}, below zero is better)`
  return `v${compared.version}, which it is up against, has ${text(compared.error)} ${metric.unit} on the same ${row.many}${span}.`
}

/** How its intervals did on the holdout, which took no part in calibrating them. */
function coverageText({ metric, row }: Project, metrics: Readonly<Record<string, number>>): string[] {
  const parts = INTERVAL_LEVELS.flatMap((level) => {
    const [held, width] = [metrics[`holdout_coverage_${level}`], metrics[`holdout_width_${level}`]]
    if (held === undefined || width === undefined) return []
    return [
      `the ${level} % interval held ${percentText(held)} of these ${row.many} and is ${figureWriter([width])(width)} ${metric.unit} wide on average`,
    ]
  })
  return parts.length === 0 ? [] : [`Around each answer: ${parts.join('; ')}.`]
}

function sliceSections({ project, measured }: CardFacts): string[][] {
  if ('reason' in measured) return []
  const { metric, row } = project
  return measured.slices.map(({ slice, bands }) => {
    const text = figureWriter(
      bands.flatMap(({ error, interval, bias }) => [error ?? 0, bias ?? 0, interval?.low ?? 0, interval?.high ?? 0]),
    )
    const cell = (value: number | null): string => (value === null ? '' : text(value).replace('-', '−'))
    const rows = bands.map((band) => [
      `${band.label}${isFew(band) ? ' (few)' : ''}`,
      countText(band.rows),
      cell(band.error),
      band.interval === null ? '' : `${cell(Math.max(0, band.interval.low))} to ${cell(band.interval.high)}`,
      cell(band.bias),
    ])
    const unit = slice.unit === undefined ? '' : `, ${slice.unit}`
    return [
      `## Error by ${slice.label}`,
      `![Error by ${slice.label}](error_by_${slice.name}.svg)`,
      ...table(
        [`${slice.label}${unit}`, row.many, `error, ${metric.unit}`, '95 % interval', `bias, ${metric.unit}`],
        rows,
      ),
      'Bias is the mean of prediction minus actual value.',
      ...(slice.readsTarget ? [TARGET_NOTE] : []),
    ]
  })
}

function importanceLines({ project, measured, record, charts }: CardFacts): string[] {
  const picture = charts.includes('importance.svg') ? ['![Importance](importance.svg)'] : []
  const { importances } = record.result
  if (importances !== null) {
    const ranked = Object.entries(importances).toSorted(([, a], [, b]) => b - a)
    return [
      'Shares of the total gain in training, on the rows learnt.',
      ...picture,
      ...table(
        ['feature', 'share'],
        ranked.slice(0, 20).map(([name, share]) => [`\`${name}\``, `${(share * 100).toFixed(1)} %`]),
      ),
      ...(ranked.length > 20 ? [`And ${ranked.length - 20} more.`] : []),
    ]
  }
  if ('reason' in measured || measured.importance.kind === 'gain')
    return ['Not measured: this trainer has none of its own, and there was no holdout to measure it on.']
  const { columns, rows, repeats } = measured.importance
  const text = figureWriter(columns.map(({ mean }) => mean))
  return [
    `How much the error grows when one column's values are exchanged among ${countText(rows)} ${project.row.many} of the holdout; mean, smallest and largest of ${repeats} exchanges.`,
    ...picture,
    ...table(
      ['column', `error grows by, ${project.metric.unit}`, 'from', 'to'],
      columns.map(({ name, mean, low, high }) => [
        `\`${name}\``,
        ...[mean, low, high].map((value) => text(value).replace('-', '−')),
      ]),
    ),
  ]
}

function limitLines({ project, record, measured }: CardFacts): string[] {
  const { request } = record
  const { many } = project.row
  const reach = dayText((request.earlyStop ?? request.fit).toMs - 1)
  const rules = project.specification(request.timeReading).cleaning.rules.map(({ name }) => name.replaceAll('_', ' '))
  const range =
    rules.length === 0
      ? []
      : [
          `It learnt no ${many} that cleaning leaves out (${rules.join(', ')}). \`predict\` answers such requests too, and flags those that can be told from the request.`,
        ]
  const step = trainerNamed(request.trainer).answerStep?.(record.result.settings) ?? 0
  const rounded =
    step === 0
      ? []
      : [`Answers are whole multiples of ${step} ${project.metric.unit}; the ends of intervals are not rounded.`]
  if ('reason' in measured)
    return [
      `It learnt ${many} up to ${reach}. How it does on ${many} it has not learnt is not measured in this run.`,
      ...range,
      ...rounded,
    ]
  const few = measured.slices.flatMap(({ slice, bands }) => {
    const labels = bands.filter(isFew).map((band) => band.label)
    return labels.length === 0 ? [] : [`${slice.label} ${labels.join(', ')}`]
  })
  return [
    `It learnt ${many} up to ${reach} and was measured on those of ${windowText(measured.window)} alone: how it does on later ones is not known from this run. \`./understudy monitor\` shows the months since.`,
    ...(few.length === 0 ? [] : [`Fewer than 30 ${many} of the holdout stand behind ${few.join('; ')}.`]),
    ...range,
    ...rounded,
    'The interval is over days of one stretch of time and of one set of weights: other seasons and another seed are not in it.',
  ]
}
