// A training of the network in the names that mlflow.tensorflow.autolog records one of Keras' under, so that runs of both compare.
import { encodedWidth, type FeatureSpecification } from '../features/specification.ts'
import type { MlpSettings } from './mlp-settings.ts'

/**
 * Parameters by autolog's names, as Python writes them: what `fit` was given, the optimiser's (`opt_…`), and early stopping's where there
 * is some. What this network does not have says so, as Keras does where it is not used: "None", "False".
 */
export function autologParams(settings: MlpSettings, { stopsEarly }: { stopsEarly: boolean }): Record<string, string> {
  return {
    ...FIT,
    opt_name: 'adam',
    opt_learning_rate: String(settings.learningRate),
    ...UNUSED_OF_ADAM,
    opt_beta_1: String(settings.beta1),
    opt_beta_2: String(settings.beta2),
    opt_epsilon: pythonNumber(settings.adamEpsilon),
    ...(stopsEarly ? { monitor: 'val_loss', min_delta: '0', baseline: 'None', restore_best_weights: 'True' } : {}),
  }
}

/** `fit` takes its early-stop rows apart, so no share of the others is split off. `epochs` and `batch_size` are settings of ours by these very names. */
const FIT = {
  validation_split: '0.0',
  shuffle: 'True',
  class_weight: 'None',
  sample_weight: 'None',
  initial_epoch: '0',
  steps_per_epoch: 'None',
  validation_steps: 'None',
  validation_batch_size: 'None',
  validation_freq: '1',
}

const UNUSED_OF_ADAM = {
  opt_weight_decay: 'None',
  opt_clipnorm: 'None',
  opt_global_clipnorm: 'None',
  opt_clipvalue: 'None',
  opt_use_ema: 'False',
  opt_ema_momentum: 'None',
  opt_ema_overwrite_frequency: 'None',
  opt_loss_scale_factor: 'None',
  opt_gradient_accumulation_steps: 'None',
  opt_amsgrad: 'False',
}

/** Layers, the shapes they give and the weights they hold, one line each: `model_summary.txt`. */
export function summaryOf(specification: FeatureSpecification, settings: MlpSettings): string {
  const layers: { name: string; width: number; trained: number; moving: number }[] = []
  let width = encodedWidth(specification)
  for (const [index, units] of settings.hidden.entries()) {
    layers.push({ name: `dense_${index + 1} (relu)`, width: units, trained: (width + 1) * units, moving: 0 })
    layers.push({ name: `batch_normalization_${index + 1}`, width: units, trained: 2 * units, moving: 2 * units })
    layers.push({ name: `dropout_${index + 1} (${settings.dropout})`, width: units, trained: 0, moving: 0 })
    width = units
  }
  layers.push({ name: 'output (linear)', width: 1, trained: width + 1, moving: 0 })
  const sum = (part: 'trained' | 'moving'): number => layers.reduce((total, layer) => total + layer[part], 0)
  const line = (...[name, shape, weights]: readonly [string, string, string]): string =>
    `${name.padEnd(28)}${shape.padEnd(14)}${weights.padStart(10)}`
  return `${[
    line('layer', 'output', 'weights'),
    line('input', `(rows, ${encodedWidth(specification)})`, '0'),
    ...layers.map(({ name, width: units, trained, moving }) =>
      line(name, `(rows, ${units})`, String(trained + moving)),
    ),
    '',
    `weights: ${sum('trained') + sum('moving')}`,
    `learnt by the gradient: ${sum('trained')}`,
    `moving statistics: ${sum('moving')}`,
  ].join('\n')}\n`
}

/** A small number as Python prints it: 1e-07. */
function pythonNumber(value: number): string {
  return String(value).replace(/e-(\d)$/, 'e-0$1')
}
