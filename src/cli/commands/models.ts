// What is registered: `models` lists the versions, `models show` tells everything about one.
import { z } from 'zod'
import { TAG } from '../../lifecycle/champion.ts'
import { versionDetails } from '../../lifecycle/lineage.ts'
import type { ModelVersion } from '../../tracking/port.ts'
import { defineCommand } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { errorText } from '../report-cycle.ts'
import { versionReport } from '../report-version.ts'
import { textTable } from '../table.ts'

/** `understudy models` */
export const modelsCommand = defineCommand({
  name: 'models',
  example: 'models',
  summary: 'every version of the model: its stage, what it learnt, its error and the verdict on it',
  args: z.object({}),
  async run(_, context) {
    const { model } = context.settings()
    const { tracking, project } = await context.rooms()
    const versions = await tracking.versions(model)
    if (context.terminal.json) return context.terminal.out(JSON.stringify(versions))
    if (versions.length === 0)
      return context.terminal.out(`${model} has no versions yet; make the first with: ./understudy cycle`)
    const heads = [
      '',
      'version',
      'stage',
      'trainer',
      'learnt',
      'to',
      'weights of',
      `holdout, ${project.metric.unit}`,
      'verdict',
    ]
    const rows = versions.map(versionRow)
    context.terminal.out(
      [
        ...textTable([heads, ...rows], [], context.terminal.style.dim),
        '',
        `★ serves; more of one, for example: ./understudy models show ${versions[0]?.version}`,
      ].join('\n'),
    )
  },
})

function versionRow({ version, stage, tags }: ModelVersion): string[] {
  const holdout = tags[TAG.holdoutMae]
  const parent = tags[TAG.refitOf] ?? tags[TAG.warmStartOf]
  return [
    stage === 'Production' ? '★' : '',
    `v${version}`,
    stage,
    tags[TAG.trainer] ?? '',
    (tags[TAG.trainedFrom] ?? 'unknown').slice(0, 10),
    (tags[TAG.trainedTo] ?? 'unknown').slice(0, 10),
    parent === undefined ? '' : `v${parent}`,
    holdout === undefined ? (tags[TAG.measured] === 'false' ? 'not yet' : '') : errorText(Number(holdout)),
    tags[TAG.verdict] ?? (tags[TAG.refitOf] === undefined ? '' : `refit of v${tags[TAG.refitOf]}`),
  ]
}

/** `understudy models show 3` */
export const showModelCommand = defineCommand({
  name: 'models show',
  example: 'models show 3',
  summary: 'one version: verdicts, stages, data, settings, curve, lineage, file',
  positional: [['<version>', 'the number of the version; ./understudy models lists them']],
  args: z.object({ version: wholeNumber('the version is a number') }),
  async run({ version: number }, context) {
    const { model } = context.settings()
    const rooms = await context.rooms()
    const details = await versionDetails(rooms, model, number)
    const { terminal, project } = context
    if (terminal.json) {
      const { version, ...rest } = details
      return terminal.out(JSON.stringify({ ...version, ...rest }))
    }
    const manner = {
      columns: terminal.columns,
      heading: terminal.style.bold,
      unit: project.metric.unit,
      rows: project.row.many,
    }
    terminal.out(versionReport(details, manner))
  },
})
