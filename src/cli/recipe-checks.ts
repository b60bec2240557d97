// What the recipe's own tests ask of a set-up: of its settings, of the registry, of the flow.
import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { messageOf } from '../kernel/errors.ts'
import { cycle } from '../lifecycle/cycle.ts'
import { type Check, fine, wrong } from './check.ts'
import type { CommandContext, SettingReport } from './command.ts'
import { lineToEdit, originText } from './setting-line.ts'

type Reports = readonly SettingReport[]

function reportOf(reports: Reports, name: string): SettingReport {
  const found = reports.find((report) => report.name === name)
  if (found === undefined) throw new Error(`there is no setting ${name}`)
  return found
}

/** A setting that is wrong, and the line that would be right. */
export function faultCheck(report: SettingReport): Check {
  const { variable, fault, remedy } = report
  return wrong(variable, (fault ?? '').slice(`${variable} `.length), lineToEdit(report, remedy))
}

/** Whether a setting is filled in, or has exactly a value. */
function settingCheck(reports: Reports, name: string, wanted: string | null): Check {
  const report = reportOf(reports, name)
  const { variable, value, placeholder, remedy } = report
  const origin = `(${originText(report)})`
  if (placeholder !== null) return wrong(variable, `is "${placeholder}", a placeholder`, lineToEdit(report, remedy))
  if (value === '') return wrong(variable, 'is not set', lineToEdit(report, wanted ?? remedy))
  if (wanted !== null && value !== wanted) {
    return wrong(variable, `is "${value}" and has to be exactly ${wanted} ${origin}`, lineToEdit(report, wanted))
  }
  if (report.fault !== null) return faultCheck(report)
  return fine(variable, `is ${value} ${origin}`)
}

/** The first three of TestMlflow, and whatever else stands in the way of that target. */
export function mlflowChecks(reports: Reports): readonly Check[] {
  return [
    settingCheck(reports, 'MODEL_TARGET', 'mlflow'),
    settingCheck(reports, 'MLFLOW_EXPERIMENT', null),
    settingCheck(reports, 'MLFLOW_MODEL_NAME', null),
  ]
}

/** The first two of TestPrefect. */
export function prefectChecks(reports: Reports): readonly Check[] {
  return [settingCheck(reports, 'PREFECT_FLOW_NAME', null), settingCheck(reports, 'PREFECT_LOG_LEVEL', 'WARNING')]
}

/** The four of TestGcpSetup, and the bucket's name; whether the bucket exists is asked once there is an adapter that can. */
export function gcpChecks(reports: Reports): readonly Check[] {
  const credentials = settingCheck(reports, 'GOOGLE_APPLICATION_CREDENTIALS', null)
  const project = settingCheck(reports, 'GCP_PROJECT', null)
  const bucket = settingCheck(reports, 'BUCKET_NAME', null)
  const { key, check } = keyCheck(reports, credentials)
  const own = reportOf(reports, 'GCP_PROJECT')
  return [
    credentials,
    check,
    project.fine ? project : wrong(project.name, project.found, lineToEdit(own, key ?? own.remedy)),
    activeCheck(own, project.fine, key),
    bucket,
  ]
}

/** Whether the project that is set is the one that is worked with: the key's. */
function activeCheck(own: SettingReport, isSet: boolean, key: string | null): Check {
  const name = 'active project'
  const cure = lineToEdit(own, key ?? own.remedy)
  if (key === null) return wrong(name, 'is not known, as no key file says it', 'set the path of a key file first')
  if (!isSet) return wrong(name, `is ${key}, by the key file, and ${own.variable} is not set`, cure)
  return key === own.value
    ? fine(name, `is ${key}, by the key file`)
    : wrong(name, `is ${key}, by the key file, and ${own.variable} is ${own.value}`, cure)
}

/** The key file, and the project it is of. */
function keyCheck(reports: Reports, credentials: Check): { check: Check; key: string | null } {
  const report = reportOf(reports, 'GOOGLE_APPLICATION_CREDENTIALS')
  const cure = lineToEdit(report, report.remedy)
  if (!credentials.fine) return { check: wrong('key file', 'cannot be read, as no path is set', cure), key: null }
  const path = resolve(report.value.startsWith('~/') ? join(homedir(), report.value.slice(2)) : report.value)
  try {
    const { project_id: key } = z
      .object({ project_id: z.string().nullable().default(null) })
      .parse(JSON.parse(readFileSync(path, 'utf8')))
    return { check: fine('key file', `${path} is readable${key === null ? '' : `, of the project ${key}`}`), key }
  } catch (error) {
    const why = error instanceof z.ZodError ? 'it is no key of a service account' : messageOf(error)
    return { check: wrong('key file', `${path} cannot be used: ${why}`, cure), key: null }
  }
}

/** The ten tests of tests/lifecycle, each under a name of its own. */
export async function kittChecks(context: CommandContext): Promise<readonly { test: string; check: Check }[]> {
  const reports = context.settingReports()
  const [target, experiment, name] = mlflowChecks(reports)
  const [flowName, logLevel] = prefectChecks(reports)
  const [hasExperiment, hasModel, inProduction] = await registryChecks(context, reports)
  const [tasks, version] = await flowChecks()
  const mlflow = { model_target: target, mlflow_experiment: experiment, mlflow_model_name: name }
  const named = (file: string, checks: Readonly<Record<string, Check | undefined>>) =>
    Object.entries(checks).flatMap(([test, check]) =>
      check === undefined
        ? []
        : [{ test: `tests/lifecycle/test_${file.toLowerCase()}.py::Test${file}::test_${test}`, check }],
    )
  return [
    ...named('Mlflow', {
      ...mlflow,
      experiment_exists: hasExperiment,
      model_exists: hasModel,
      model_in_production: inProduction,
    }),
    ...named('Prefect', {
      prefect_flow_name: flowName,
      prefect_log_level: logLevel,
      task_names: tasks,
      flow_version: version,
    }),
  ]
}

/** Whether the experiment and the model are there, and a version serves. */
async function registryChecks(context: CommandContext, reports: Reports): Promise<readonly Check[]> {
  const names = ['the experiment', 'the registered model', 'a version in Production'] as const
  if (reports.some(({ fault }) => fault !== null))
    return names.map((name) => wrong(name, 'was not looked for: settings are wrong', './understudy doctor'))
  const { experiment, model } = context.settings()
  const cure = './understudy cycle makes it'
  try {
    const { tracking } = await context.rooms({ sendsNotices: false })
    const isThere = (await tracking.findExperiment(experiment)) !== null
    const versions = await tracking.versions(model)
    const serving = versions.find(({ stage }) => stage === 'Production')
    return [
      isThere ? fine(names[0], `${experiment} is there`) : wrong(names[0], `${experiment} is not there yet`, cure),
      versions.length > 0 ? fine(names[1], `${model} is there`) : wrong(names[1], `${model} is not there yet`, cure),
      serving === undefined
        ? wrong(
            names[2],
            `of ${model} is not there yet`,
            `${cure}, or ./understudy promote --version NUMBER --why REASON`,
          )
        : fine(names[2], `is ${model} v${serving.version}`),
    ]
  } catch (error) {
    return names.map((name) => wrong(name, messageOf(error), './understudy doctor'))
  }
}

/** The recipe's tasks, by the names its tests ask for. */
const RECIPE_TASKS = ['preprocess_new_data', 'evaluate_production_model', 're_train', 'transition_model', 'notify']

async function flowChecks(): Promise<readonly Check[]> {
  const names = await tasksOfCycle()
  const missing = RECIPE_TASKS.filter((name) => !names.includes(name))
  return [
    missing.length === 0
      ? fine('the five tasks', RECIPE_TASKS.join(', '))
      : wrong('the five tasks', `${missing.join(', ')} is missing from the flow`, 'restore src/lifecycle/cycle.ts'),
    fine('the flow', `${cycle.name}, version ${cycle.version}`),
  ]
}

/** The names of the tasks the flow runs, by a rehearsal: its tasks do nothing, and whatever it looks for in their results is there. */
async function tasksOfCycle(): Promise<readonly string[]> {
  const names: string[] = []
  const anything: unknown = new Proxy(() => undefined, {
    get: (_, key) => (key === 'then' || typeof key === 'symbol' ? undefined : anything),
    apply: () => anything,
  })
  const rooms = anything as never // looked into, but never used: no task runs
  const input = new Proxy({ onEscalate: 'ask' }, { get: (known, key) => Reflect.get(known, key) ?? anything }) as never // as above
  const task = async (name: string): Promise<never> => {
    names.push(name)
    return anything as never // as above
  }
  await cycle.run({ task, rooms, flowRunId: 'rehearsal' }, input)
  return names
}
