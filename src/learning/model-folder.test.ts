import { expect, test } from 'vitest'
import { linear } from './linear.ts'
import { modelFolder } from './model-folder.ts'
import { parcelJob, parcels } from './trainer.contract.ts'

test('the folder tells MLflow how to load the model, who made it, and what goes in and out', async () => {
  const { weights } = await linear.train(parcelJob(linear.defaults))
  const model = linear.toOnnx(parcels, weights, {})
  const files = modelFolder(model, { runId: 'abc123', createdAtMs: Date.UTC(2015, 1, 3, 4, 5, 6, 7) })
  expect(files.map(({ path }) => path)).toEqual(['MLmodel', 'model.onnx', 'requirements.txt'])
  expect(files[1]?.bytes).toBe(model)
  const text = new TextDecoder().decode(files[0]?.bytes)
  expect(text).toContain('  python_function:\n    data: model.onnx\n    loader_module: mlflow.onnx\n')
  expect(text).toContain('run_id: "abc123"\n')
  expect(text).toContain('utc_time_created: "2015-02-03 04:05:06.007000"\n')
  expect(text).toContain(`model_size_bytes: ${model.length}\n`)
  expect(signature(text, 'inputs')).toEqual([
    { type: 'long', name: 'sent_at', required: true },
    { type: 'double', name: 'weight_kg', required: true },
    { type: 'long', name: 'zone', required: true },
  ])
  expect(signature(text, 'outputs')).toEqual([{ type: 'float', name: 'price_eur', required: true }])
})

test('the ends of the intervals are declared as outputs behind the prediction', async () => {
  const { weights } = await linear.train(parcelJob(linear.defaults))
  const bounds = [
    { level: 80, low: -1, high: 2 },
    { level: 95, low: -3, high: 5 },
  ]
  const intervals = {
    scale: { base: 1, slope: 0 },
    bounds,
    rows: 200,
    window: { fromMs: 0, toMs: 1 },
    inheritedFrom: null,
  }
  const [about] = modelFolder(linear.toOnnx(parcels, weights, {}, intervals), { runId: 'r', createdAtMs: 0 })
  expect(signature(new TextDecoder().decode(about?.bytes), 'outputs')).toEqual(
    ['price_eur', 'price_eur_low_80', 'price_eur_high_80', 'price_eur_low_95', 'price_eur_high_95'].map((name) => ({
      type: 'float',
      name,
      required: true,
    })),
  )
})

test('bytes that are no model file are BAD_DATA', () => {
  const bytes = new TextEncoder().encode('no model at all')
  expect(() => modelFolder(bytes, { runId: 'r', createdAtMs: 0 })).toThrow(
    expect.objectContaining({ code: 'BAD_DATA' }),
  )
})

/** A JSON string within a YAML string, as MLflow has it. */
function signature(text: string, key: string): unknown {
  const line = new RegExp(`^ {2}${key}: (.*)$`, 'm').exec(text)?.[1] ?? '""'
  return JSON.parse(String(JSON.parse(line)))
}
