// Where a model comes from, for its card: the rows it learnt, and how.
import { counted, countText } from '../evaluation/figures.ts'
import { dayText, type TimeWindow } from '../kernel/window.ts'
import { snakeCase } from '../learning/settings.ts'
import { trainerNamed } from '../learning/trainers.ts'
import type { DatasetInput } from '../tracking/port.ts'
import { specificationFor } from './project.ts'
import { type CardFacts, table } from './training-report-facts.ts'

/** The rows: where from, which, and what cleaning left of them. */
export function dataLines({ project, record, data, cleaning }: CardFacts): string[] {
  const { request, result, origin } = record
  const { many } = project.row
  const fingerprint = fingerprintOf(data)
  const kept = `In the months that were touched, cleaning kept ${countText(cleaning.kept)} of ${countText(cleaning.raw)} ${many} as they came`
  const left = Object.entries(cleaning.left ?? {}).filter(([, count]) => count > 0)
  const why =
    left.length === 0
      ? ''
      : `; left out: ${left.map(([rule, count]) => `${countText(count)} ${rule.replaceAll('_', ' ')}`).join(', ')}`
  return [
    ...table(
      ['', ''],
      [
        ['table', `\`${request.table}\`, ${origin}`],
        ['learnt', `${countText(result.fitRows)} ${many}, ${spanText(request.fit)}`],
        [
          'early stopping',
          request.earlyStop === null
            ? 'none'
            : `${countText(result.earlyStopRows)} ${many}, ${spanText(request.earlyStop)}`,
        ],
        ['times read as', request.timeReading === 'utc' ? 'UTC' : 'local time'],
        ...(fingerprint === null ? [] : [['fingerprint', `\`${fingerprint}\``]]),
      ],
    ),
    `${kept}${why}.`,
  ]
}

function fingerprintOf(data: readonly DatasetInput[]): string | null {
  const source = data[0]?.source
  if (typeof source !== 'object' || source === null || !('fingerprint' in source)) return null
  return typeof source.fingerprint === 'string' ? source.fingerprint : null
}

/** A window to the second, its end not included. */
function spanText({ fromMs, toMs }: TimeWindow): string {
  const text = (ms: number): string =>
    ms % 86_400_000 === 0 ? dayText(ms) : new Date(ms).toISOString().slice(0, 19).replace('T', ' ')
  return `from ${text(fromMs)} to before ${text(toMs)} UTC`
}

/** How they were learnt, by what, with what. */
export function methodLines({ project, record, run }: CardFacts): string[] {
  const { request, result, warmStart } = record
  const specification = specificationFor(project, request.timeReading, request.trainer)
  const unit = trainerNamed(request.trainer).countsBy ?? 'epoch'
  const start =
    warmStart === null
      ? 'a cold start'
      : result.warmStarted
        ? `the weights of v${warmStart.version}`
        : `a cold start, as the weights of v${warmStart.version} did not fit`
  const stop =
    request.earlyStop === null
      ? `trained for ${counted(result.keptSteps, unit === 'tree' ? 'tree' : 'step')}`
      : `${counted(result.epochs, unit)}, kept at number ${result.keptEpoch + 1}${result.stoppedEarly ? ', stopped as it improved no more' : ''}`
  const { averaged = 1 } = result
  const others = averaged === 1 ? '' : `; the average of ${averaged} such models, the others as long`
  const { tags } = run
  const commit = tags['mlflow.source.git.commit']
  const dirty = tags['understudy.git_dirty'] === 'true' ? ', with changes that were not committed' : ''
  const code = `${commit === undefined ? '' : `commit \`${commit}\`${dirty}, `}digest \`${tags['understudy.code_digest'] ?? 'unknown'}\``
  const settings = Object.entries(result.settings).map(([name, value]) => [
    snakeCase(name),
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
  return [
    ...table(
      ['', ''],
      [
        ['trainer', `\`${request.trainer}\``],
        ['began with', start],
        ['learning', `${stop}${others}`],
        ['seed', String(request.seed)],
        ...settings.map(([name = '', value = '']) => [name.replaceAll('_', ' '), value]),
        ['computed by', result.computedBy],
        ['took', `${result.seconds.toFixed(1)} s`],
        ['code', code],
        ['packages', `\`${tags['understudy.packages_digest'] ?? 'unknown'}\``],
        ['Node', tags['understudy.node'] ?? 'unknown'],
        ['machine', tags['understudy.machine'] ?? 'unknown'],
      ],
    ),
    `Features (${specification.features.length}): ${specification.features.map(({ name, ...feature }) => `\`${name}\`${feature.kind === 'category' ? ` (${feature.size} categories)` : ''}`).join(', ')}.`,
  ]
}
