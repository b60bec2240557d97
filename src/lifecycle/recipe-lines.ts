// The lines that the recipe prints, word for word and in one place, so that who knows them finds them where they were. Each is said by the
// step that has just done what it says, and only then; a line that names a system appears only where that system took part.
import { counted, countText } from '../evaluation/figures.ts'
import type { ModelVersion, Stage } from '../tracking/port.ts'
import type { ProjectDefinition } from './project.ts'
import type { LifecycleRooms } from './rooms.ts'

type Metric = ProjectDefinition['metric']
type Step = 'preprocess' | 'train' | 'evaluate' | 'predict'

/** An error as the lines show it: three decimals, as the reports do. */
const figure = (value: number): string => value.toFixed(3)
const label = (metric: Metric): string => metric.name.toUpperCase()

export const RECIPE = {
  useCase: (step: Step) => `⭐️ Use case: ${step}`,
  done: (step: Step) => `✅ ${step}() done`,
  dataLoaded: (rows: number, columns: number) => `✅ Data loaded, with shape (${rows}, ${columns})`,
  dataCleaned: () => '✅ data cleaned',
  processed: (rows: number, features: number) => `✅ X_processed, with shape (${rows}, ${features})`,
  modelInitialized: () => '✅ Model initialized',
  modelCompiled: () => '✅ Model compiled',
  /** `lowest` is the lowest error that any epoch had, as the words say: not that of the weights kept. */
  modelTrained: (rows: number, metric: Metric, lowest: number) =>
    `✅ Model trained on ${rows} rows with min val ${label(metric)}: ${figure(lowest)}`,
  modelEvaluated: (metric: Metric, error: number) => `✅ Model evaluated, ${label(metric)}: ${figure(error)}`,
  resultsSaved: (where: Place) => (where === 'mlflow' ? '✅ Results saved on mlflow' : '✅ Results saved locally'),
  modelSaved: (where: Place) => (where === 'mlflow' ? '✅ Model saved to mlflow' : '✅ Model saved locally'),
  modelLoaded: (where: Place) =>
    where === 'mlflow' ? '✅ model loaded from mlflow' : '✅ Model loaded from local disk',
  autologDone: () => '✅ mlflow_run autolog done',
  transitioned: (model: string, version: number, from: Stage, to: Stage) =>
    `✅ Model ${model} version ${version} transitioned from ${from} to ${to}`,
  replaced: (metric: Metric, found: { readonly old: number | null; readonly new: number | null }) =>
    `🚀 New model replacing old in production with ${label(metric)}: ${orNone(found.new)} the Old ${label(metric)} was: ${orNone(found.old)}`,
  keptInPlace: (metric: Metric, found: { readonly old: number | null; readonly new: number | null }) =>
    `Old model kept in place with ${label(metric)}: ${orNone(found.old)}. The new ${label(metric)} was: ${orNone(found.new)}`,
  tooFewRows: () => '❌ Not enough processed data retrieved to train on',
  noRows: () => '❌ No data to evaluate on',
  noModel: () => '❌ No model to evaluate',
  noModelFound: (model: string, stage: Stage) => `❌ No model found with name ${model} in stage ${stage}`,
} as const

/** What stands below a line of the recipe in words of our own. */
export const OWN = {
  nothingThere: (noun: string) => `   no ${noun} in this window: there is nothing to process`,
  leftOut: (rawRows: number, rows: number, left: Readonly<Record<string, number>>, noun: string) => {
    const reasons = Object.entries(left)
      .filter(([, count]) => count > 0)
      .map(([rule, count]) => `${countText(count)} ${rule.replaceAll('_', ' ')}`)
    const which = reasons.length === 0 ? '' : `; left out: ${reasons.join(', ')}`
    return `   ${countText(rows)} of ${countText(rawRows)} ${noun} kept${which}`
  },
  /** What early stopping kept. Its figure chose the weights, so it is no measurement of them. */
  weightsKept: (
    { trainer, counts, averaged }: { trainer: string; counts: 'epoch' | 'tree'; averaged: number },
    at: number,
    metric: Metric,
    error: number,
    rows: number,
  ) =>
    `   ${trainer}: kept ${counts === 'tree' ? `are the first ${counted(at + 1, 'tree')}${averaged > 1 ? ` of each of ${averaged} ensembles` : ''}` : `are the weights of epoch ${at + 1}`}, with ${label(metric)} ${figure(error)} ${metric.unit} on the ${countText(rows)} early-stop rows; a selection figure, not a measurement`,
  couldNotLearn: (trainer: string, why: string) => `   ${trainer} could not learn these rows: ${why}`,
  /** Which trainer's model becomes the version, and by which figures. */
  chosen: (trainer: string, metric: Metric, figures: readonly { readonly trainer: string; readonly error: number }[]) =>
    `   chosen: ${trainer}, by ${label(metric)} on the early-stop rows (${figures.map((one) => `${one.trainer} ${figure(one.error)}`).join(', ')}); selection figures, not measurements`,
  sampledEarlyStop: (all: number, some: number) =>
    `   of the ${countText(all)} early-stop rows ${countText(some)} are looked at, evenly spread`,
  /** Trained for a number of steps, with no rows to stop at. */
  trainedForSteps: (trainer: string, counts: 'epoch' | 'tree', rows: number, steps: number) =>
    `   ${trainer}: learnt ${counted(rows, 'row')} in ${counted(steps, counts === 'tree' ? 'tree' : 'step')}`,
  startsCold: (version: number, learnt: boolean | null) =>
    learnt === null
      ? `   starts cold: which rows v${version}, in Production, has learnt is not known`
      : learnt
        ? `   starts cold: v${version}, in Production, has learnt rows of this window`
        : `   starts cold: training by hand takes over no weights of v${version}, in Production`,
  onHoldout: (metric: Metric, error: number, rows: number, noun: string) =>
    `   on the ${countText(rows)} ${noun} held out: ${label(metric)} ${figure(error)} ${metric.unit}`,
} as const

/** Where runs and models go, as MODEL_TARGET has it: under `local` the recipe's own files are written as well. */
type Place = 'local' | 'mlflow'

export function placeOf({ outputs }: Pick<LifecycleRooms, 'outputs'>): Place {
  return outputs === null ? 'mlflow' : 'local'
}

/** Says that a version is in another stage than it was, if it is: an attempt that finds it moved already claims nothing. */
export async function sayMoved(
  { tracking }: Pick<LifecycleRooms, 'tracking'>,
  before: ModelVersion,
  { log }: { log(line: string): void },
): Promise<void> {
  const { stage } = await tracking.version(before.name, before.version)
  if (stage !== before.stage) log(RECIPE.transitioned(before.name, before.version, before.stage, stage))
}

function orNone(value: number | null): string {
  return value === null ? 'none' : figure(value)
}
