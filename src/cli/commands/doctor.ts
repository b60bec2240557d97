// `doctor`: what is set, what is wrong with it or missing, and whether this machine can do the work.
import { z } from 'zod'
import { counted } from '../../evaluation/figures.ts'
import { PlannedError } from '../../kernel/errors.ts'
import { type Check, checkLines } from '../check.ts'
import { type CommandContext, defineCommand, type SettingReport } from '../command.ts'
import { homeChecks, machineChecks, projectChecks, serverChecks } from '../machine-checks.ts'
import { faultCheck, gcpChecks, kittChecks, mlflowChecks, prefectChecks } from '../recipe-checks.ts'
import { originText } from '../setting-line.ts'
import { textTable } from '../table.ts'

const SUBJECTS = ['mlflow', 'prefect', 'gcp', 'kitt'] as const

const Args = z.object({
  subject: z
    .enum(SUBJECTS, { error: `there are ${SUBJECTS.join(', ')}, or nothing for all of the machine` })
    .optional(),
})

/** `understudy doctor [mlflow | prefect | gcp | kitt]` */
export const doctorCommand = defineCommand({
  name: 'doctor',
  example: 'doctor mlflow',
  summary: "check the settings and this machine, or what the recipe's tests ask (mlflow, prefect, gcp, kitt)",
  positional: [['[subject]', 'mlflow, prefect, gcp or kitt (default: all of the machine)']],
  args: Args,
  async run({ subject }, context) {
    switch (subject) {
      case 'mlflow':
        return tell(context, [{ title: null, checks: await withServer(context) }])
      case 'prefect':
        return tell(context, [{ title: null, checks: prefectChecks(context.settingReports()) }])
      case 'gcp':
        return tell(context, [{ title: null, checks: gcpChecks(context.settingReports()) }], notUsed(context))
      case 'kitt':
        return await kitt(context)
      default:
        return await everything(context)
    }
  },
})

interface Section {
  readonly title: string | null
  readonly checks: readonly Check[]
}

async function everything(context: CommandContext): Promise<void> {
  const reports = context.settingReports()
  const faults = faultChecks(reports)
  const sections: Section[] = [
    { title: 'Settings', checks: faults },
    { title: 'Machine', checks: await machineChecks() },
    // What the settings decide is looked at once they are right.
    { title: 'Home', checks: faults.length > 0 ? [] : await homeChecks(context) },
    { title: 'Tracking', checks: faults.length > 0 ? [] : await serverChecks(context) },
    { title: 'Projects', checks: faults.length > 0 ? [] : await projectChecks(context) },
  ]
  tell(context, sections, settingLines(reports))
}

/** Prints the sections, and throws `BAD_INPUT` if anything is wrong in them. */
function tell(context: CommandContext, sections: readonly Section[], more: readonly string[] = []): void {
  const { terminal } = context
  const checks = sections.flatMap((section) => section.checks)
  const faults = checks.filter(({ fine }) => !fine)
  if (terminal.json) {
    terminal.out(JSON.stringify({ ok: faults.length === 0, checks, settings: context.settingReports() }))
  } else {
    const blocks = sections
      .filter((section) => section.checks.length > 0)
      .map(({ title, checks: some }) => [...(title === null ? [] : [terminal.style.bold(title)]), ...checkLines(some)])
    terminal.out(
      [...blocks, more]
        .filter((block) => block.length > 0)
        .map((block) => block.join('\n'))
        .join('\n\n'),
    )
  }
  if (faults.length === 0) return
  throw new PlannedError('BAD_INPUT', `${faults.length} of ${counted(checks.length, 'check')} failed`, {
    why: faults.map(({ name }) => name).join(', '),
    next: 'do what stands below each ❌',
  })
}

function faultChecks(reports: readonly SettingReport[]): readonly Check[] {
  return reports.filter(({ fault }) => fault !== null).map(faultCheck)
}

/** The checks of a target, and what else is wrong with the settings that say where things are kept. */
function withTarget(context: CommandContext, checks: readonly Check[]): readonly Check[] {
  const told = checks.map(({ name }) => name)
  return [...checks, ...faultChecks(context.settingReports()).filter(({ name }) => !told.includes(name))]
}

/** What the recipe's tests ask of MLflow; and, once every setting is right, whether the server that is named answers. */
async function withServer(context: CommandContext): Promise<readonly Check[]> {
  const reports = context.settingReports()
  const checks = withTarget(context, mlflowChecks(reports))
  return reports.some(({ fault }) => fault !== null) ? checks : [...checks, ...(await serverChecks(context))]
}

function notUsed(context: CommandContext): readonly string[] {
  const report = context.settingReports().find(({ name }) => name === 'GCP_PROJECT')
  if (report?.isUsed === true) return []
  return [
    "Nothing here uses Google's cloud as it is set: WAREHOUSE=duckdb and a MODEL_TARGET other than gcs need none of this.",
  ]
}

/** Every setting that is used or set, with where its value comes from. */
function settingLines(reports: readonly SettingReport[]): string[] {
  const shown = reports.filter(({ isUsed, source }) => isUsed || source !== 'default')
  const rest = reports.filter((report) => !shown.includes(report)).map(({ name }) => name)
  const rows = shown.map((report) => [
    report.variable,
    report.value === '' ? '(empty)' : report.value,
    `${originText(report)}${report.isUsed ? '' : '; not used'}`,
  ])
  return [
    ...textTable([['setting', 'value', 'from'], ...rows]),
    '',
    `Neither set nor used: ${rest.join(', ')}.`,
    'What each means and allows: .env.sample.',
  ]
}

/** The recipe's ten tests, in pytest's own form; it ends well whatever they say, as `make test_kitt` does. */
async function kitt(context: CommandContext): Promise<void> {
  const tests = await kittChecks(context)
  const passed = tests.filter(({ check }) => check.fine).length
  if (context.terminal.json) {
    context.terminal.out(JSON.stringify(tests.map(({ test, check }) => ({ test, ...check }))))
    return
  }
  const lines = tests.flatMap(({ test, check }) => [
    `${test} ${check.fine ? 'PASSED' : 'FAILED'}`,
    ...(check.fine ? [] : [`  ❌ ${check.name} ${check.found}`, `     → ${check.cure ?? ''}`]),
  ])
  const failed = tests.length - passed
  const sum = [...(failed === 0 ? [] : [`${failed} failed`]), `${passed} passed`].join(', ')
  context.terminal.out([...lines, '', `===== ${sum} =====`].join('\n'))
}
