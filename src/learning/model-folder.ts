// A model as MLflow keeps one: a folder with the ONNX file and what MLflow has to know to load it.
import { readModelInterface } from './model-interface.ts'

export interface ModelFile {
  readonly path: string
  readonly bytes: Uint8Array
}

export interface ModelFolderOptions {
  /** The run that made the model. */
  readonly runId: string
  readonly createdAtMs: number
}

/** What a Python that is to load the model needs. The file's format (operator set 17) was new in ONNX 1.12, that of trees in 1.11. */
const REQUIREMENTS = 'mlflow\nnumpy\npandas\nonnx>=1.12\nonnxruntime>=1.12\n'

/**
 * The files of the model's folder: `MLmodel`, `model.onnx` and `requirements.txt`, with which Python's
 * `mlflow.pyfunc.load_model` predicts from a data frame of raw columns. Throws `BAD_DATA` if the bytes are not a model file.
 */
export function modelFolder(modelBytes: Uint8Array, options: ModelFolderOptions): ModelFile[] {
  return [
    { path: 'MLmodel', bytes: new TextEncoder().encode(describe(modelBytes, options)) },
    { path: 'model.onnx', bytes: modelBytes },
    { path: 'requirements.txt', bytes: new TextEncoder().encode(REQUIREMENTS) },
  ]
}

/** The `MLmodel` file, YAML. Strings are written as JSON strings, which YAML reads too. */
function describe(modelBytes: Uint8Array, { runId, createdAtMs }: ModelFolderOptions): string {
  const { inputs, outputs } = readModelInterface(modelBytes)
  const columns = (list: typeof inputs): string =>
    JSON.stringify(
      JSON.stringify(list.map(({ name, type }) => ({ type: MLFLOW_TYPES[type] ?? type, name, required: true }))),
    )
  return `artifact_path: model
flavors:
  onnx:
    code: null
    data: model.onnx
    onnx_session_options: null
    onnx_version: 1.12.0
    providers:
    - CPUExecutionProvider
  python_function:
    data: model.onnx
    loader_module: mlflow.onnx
model_size_bytes: ${modelBytes.length}
run_id: ${JSON.stringify(runId)}
signature:
  inputs: ${columns(inputs)}
  outputs: ${columns(outputs)}
  params: null
utc_time_created: ${JSON.stringify(new Date(createdAtMs).toISOString().replace('T', ' ').replace('Z', '000'))}
`
}

/** MLflow's names for column types; it spells double, float and string as ONNX does. */
const MLFLOW_TYPES: Readonly<Record<string, string>> = { int64: 'long', int32: 'integer' }
