// What is registered, what moved and why: `models`, `models show`, `promote`, `history`, `monitor`.
import { z } from 'zod'
import { PlannedError } from '../../kernel/errors.ts'
import { findVersion } from '../../lifecycle/evaluate-version.ts'
import { monitorSeries } from '../../lifecycle/monitor.ts'
import { promoteByHand } from '../../lifecycle/train-by-hand.ts'
import { defineCommand } from '../command.ts'
import { errorText } from '../report-cycle.ts'
import { textTable } from '../table.ts'

const tagOf = (tags: Readonly<Record<string, string>>, name: string): string => tags[`understudy.${name}`] ?? ''

/** `understudy models` */
export const modelsCommand = defineCommand({
  name: 'models',
  example: 'models',
  summary: 'every version of the model, with its stage and error',
  args: z.object({}),
  async run(_, context) {
    const { model } = context.settings()
    const { tracking } = await context.rooms()
    const versions = await tracking.versions(model)
    if (context.terminal.json) return context.terminal.out(JSON.stringify(versions))
    if (versions.length === 0)
      return context.terminal.out(`${model} has no versions yet; make the first with: ./understudy cycle`)
    const rows = versions.map(({ version, stage, tags, description }) => [
      `v${version}`,
      stage,
      holdoutText(tags),
      tagOf(tags, 'trained_to').slice(0, 10),
      tagOf(tags, 'warm_start_of') === '' ? '' : `v${tagOf(tags, 'warm_start_of')}`,
      tagOf(tags, 'verdict'),
      description,
    ])
    const heads = ['version', 'stage', 'holdout', 'learnt up to', 'from', 'verdict', 'what']
    context.terminal.out(textTable([heads, ...rows]).join('\n'))
  },
})

function holdoutText(tags: Readonly<Record<string, string>>): string {
  const text = tagOf(tags, 'holdout_mae')
  return text === '' ? '' : errorText(Number(text))
}

/** `understudy models show 3` */
export const showModelCommand = defineCommand({
  name: 'models show',
  example: 'models show 3',
  summary: 'one version: its run, data, settings, curve and moves',
  positional: ['<version>'],
  args: z.object({ version: z.coerce.number({ error: 'the version is a number' }).int().positive() }),
  async run({ version: number }, context) {
    const { model } = context.settings()
    const { tracking } = await context.rooms()
    const version = await findVersion({ tracking }, model, { version: number })
    const run = version.runId === null ? null : await tracking.run(version.runId)
    const curve = run === null ? [] : await tracking.metricHistory(run.id, 'val_mae')
    const moves = (await tracking.history(model)).filter((move) => move.version === number)
    if (context.terminal.json) return context.terminal.out(JSON.stringify({ ...version, run, curve, moves }))
    const facts = (record: Readonly<Record<string, string | number>>) =>
      textTable(
        Object.entries(record)
          .sort(([a], [b]) => a.localeCompare(b))
          .map(([key, value]) => [`  ${key}`, String(value)]),
      )
    context.terminal.out(
      [
        `${model} v${number}, ${version.stage}: ${version.description}`,
        `  file ${version.source}/model.onnx`,
        ...facts(version.tags),
        ...(run === null
          ? []
          : ['', `run ${run.id} (${run.name}, ${run.status})`, ...facts(run.params), ...facts(run.metrics)]),
        ...(curve.length === 0
          ? []
          : ['', `val_mae by epoch: ${curve.map((point) => point.value.toFixed(3)).join(' ')}`]),
        '',
        ...moves.map(
          (move) => `  ${new Date(move.atMs).toISOString()}  ${move.from} → ${move.to}  ${move.actor}: ${move.reason}`,
        ),
      ].join('\n'),
    )
  },
})

/** `understudy promote taxifare --version 1 --why "…"` */
export const promoteCommand = defineCommand({
  name: 'promote',
  example: "promote --version 3 --why 'the month before was a holiday'",
  summary: 'move a version to Production by hand; the one there is archived',
  positional: ['[model]'],
  options: [
    ['--version <number>', 'the version'],
    ['--why <reason>', 'the reason, kept in the history'],
    ['--by <name>', 'who decides (default: you)'],
  ],
  args: z.object({
    model: z.string().optional(),
    version: z.coerce
      .number({ error: '--version says which version; ./understudy models lists them' })
      .int()
      .positive(),
    why: z.string({ error: '--why says the reason; it is kept in the history' }).min(1),
    by: z.string().min(1).optional(),
  }),
  async run({ model: named, version, why, by }, context) {
    const model = named ?? context.settings().model
    if (/_replay_[0-9a-f]{12}$/.test(model))
      throw new PlannedError('BAD_INPUT', `${model} belongs to a replay, which nobody decides for`)
    const rooms = await context.rooms()
    const { moves, warning } = await promoteByHand(rooms, { model, version, actor: by ?? context.user, reason: why })
    if (warning !== null) context.terminal.note(`⚠️  ${warning}`)
    if (context.terminal.json) return context.terminal.out(JSON.stringify(moves))
    context.terminal.out(
      moves.length === 0
        ? `${model} v${version} is in Production already`
        : moves
            .map(
              (move) => `✅ Model ${move.name} (version ${move.version}) transitioned from ${move.from} to ${move.to}`,
            )
            .join('\n'),
    )
  },
})

/** `understudy history` */
export const historyCommand = defineCommand({
  name: 'history',
  example: 'history',
  summary: 'every move between stages: when, who, why',
  args: z.object({}),
  async run(_, context) {
    const { model } = context.settings()
    const { tracking } = await context.rooms()
    await tracking.noticeOutsideMoves(model)
    const moves = await tracking.history(model)
    if (context.terminal.json) return context.terminal.out(JSON.stringify(moves))
    if (moves.length === 0)
      return context.terminal.out(`nothing of ${model} has moved yet; begin with: ./understudy cycle`)
    const rows = moves.map((move) => [
      new Date(move.atMs).toISOString().slice(0, 19).replace('T', ' '),
      `v${move.version}`,
      `${move.from} → ${move.to}`,
      move.actor,
      move.reason,
    ])
    context.terminal.out(textTable([['when (UTC)', 'version', 'move', 'who', 'why'], ...rows]).join('\n'))
  },
})

/** `understudy monitor` */
export const monitorCommand = defineCommand({
  name: 'monitor',
  example: 'monitor',
  summary: "Production's error on each whole month, against the threshold",
  args: z.object({}),
  async run(_, context) {
    const settings = context.settings()
    const { tracking, project } = await context.rooms()
    const series = await monitorSeries({ tracking }, settings)
    const { unit } = project.metric
    if (context.terminal.json) {
      return context.terminal.out(
        JSON.stringify({ model: settings.model, unit, threshold: settings.threshold, months: series }),
      )
    }
    if (series.length === 0)
      return context.terminal.out(`no month of ${settings.model} was run yet; begin with: ./understudy cycle`)
    const scale = 40 / Math.max(settings.threshold, ...series.map((point) => point.error))
    const mark = Math.round(settings.threshold * scale)
    const rows = series.map((point) => {
      const bar = '█'.repeat(Math.round(point.error * scale)).padEnd(Math.max(mark, 1))
      const drawn = bar.length > mark ? bar : `${bar.slice(0, mark)}│`
      return [point.month, errorText(point.error), drawn, point.error < settings.threshold ? '' : 'over the threshold']
    })
    context.terminal.out(
      [
        `${settings.model} in Production, ${project.metric.name} in ${unit} on the whole month; │ is the threshold, ${settings.threshold}`,
        ...textTable(rows),
      ].join('\n'),
    )
  },
})
