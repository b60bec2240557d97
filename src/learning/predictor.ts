// Scores raw rows with an ONNX model file, ours or one made elsewhere, by onnxruntime.
import type { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node'
import { messageOf, PlannedError } from '../kernel/errors.ts'
import type { Intervals } from './intervals.ts'
import { answersWithoutOf, intervalOutput, intervalsOf } from './model-file.ts'
import { type ModelInput, openModelInput } from './model-input.ts'
import type { Predictor } from './port.ts'

/** Rows handed to the model at once: enough to keep it busy, few enough that its intermediate results stay small (some 10 MB). */
const BATCH_ROWS = 8_192

/**
 * Loads a model file. Its inputs are raw columns by name: float, double, int32 or int64, of shape [rows] or [rows, 1]; its
 * first output is the prediction, float or double, of the same shapes. Intervals it has if its metadata says so, in our words;
 * likewise, which of its columns may be null in rows that it answers.
 *
 * Throws `BAD_DATA` if the file is damaged or the model's inputs and output are not like that.
 */
export async function openPredictor(modelBytes: Uint8Array, options: { threads?: number } = {}): Promise<Predictor> {
  const runtime = await import('onnxruntime-node') // a large native library: only those who score pay for it
  const session = await load(runtime.InferenceSession, modelBytes, options.threads ?? 2)
  const inputs = session.inputMetadata.map((input) => openModelInput(input, BATCH_ROWS))
  const output = checkOutput(session.outputMetadata)
  const intervals = intervalsIn(modelBytes, output, session.outputNames)
  const levels = intervals?.bounds.map(({ level }) => level) ?? []
  const ends = levels.flatMap((level) => endsOf(output, level))
  const answersWithout = answersWithoutOf(modelBytes)
  const unmarked = new Set(answersWithout)
  const score = async (rows: number, columns: Columns, wanted: readonly string[]): Promise<Float64Array[]> => {
    checkColumns(inputs, columns, rows)
    const answers = wanted.map(() => new Float64Array(rows))
    for (let from = 0; from < rows; from += BATCH_ROWS) {
      const count = Math.min(BATCH_ROWS, rows - from)
      const isNull = new Uint8Array(count)
      const feeds: Record<string, OnnxTensor> = {}
      for (const input of inputs) {
        const marks = unmarked.has(input.name) ? null : isNull
        const { values, dimensions } = input.read(columns[input.name]!, from, count, marks) // `checkColumns` found it
        feeds[input.name] = new runtime.Tensor(input.type, values, dimensions)
      }
      const given = await run(session, feeds, wanted)
      for (const [at, into] of answers.entries()) {
        const name = wanted[at]! // as many
        const values = numbersOf(given[name], name, count)
        for (let i = 0; i < count; i++) into[from + i] = isNull[i] === 1 ? Number.NaN : values[i]! // count of them
      }
    }
    return answers
  }
  return {
    inputs: inputs.map(({ name }) => name),
    answersWithout,
    intervals,
    predict: async (columns, rows) => (await score(rows, columns, [output]))[0]!, // one was wanted
    async predictWithIntervals(columns, rows) {
      const [values, ...found] = await score(rows, columns, [output, ...ends])
      return {
        values: values!, // the first wanted
        intervals: levels.map((level, at) => ({ level, low: found[2 * at]!, high: found[2 * at + 1]! })), // two a level
      }
    },
    [Symbol.asyncDispose]: () => session.release(),
  }
}

type Columns = Readonly<Record<string, Float64Array>>

async function load(sessions: typeof InferenceSession, bytes: Uint8Array, threads: number): Promise<InferenceSession> {
  try {
    // logSeverityLevel 3: errors only; they are thrown as well, and its warnings about constant folding help nobody.
    const options = {
      executionProviders: ['cpu'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      // Threads that wait in a loop double the time that trees take beside other work, and save a network nothing.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
    } as const
    return await sessions.create(bytes, options)
  } catch (error) {
    throw new PlannedError('BAD_DATA', `this model file of ${bytes.length} bytes cannot be loaded`, {
      why: messageOf(error),
      next: 'export it again, or use another version',
      cause: error,
    })
  }
}

async function run(
  session: InferenceSession,
  feeds: Record<string, OnnxTensor>,
  outputs: readonly string[],
): Promise<Readonly<Record<string, OnnxTensor>>> {
  try {
    return await session.run(feeds, outputs)
  } catch (error) {
    throw new PlannedError('BAD_DATA', 'the model could not score these rows', {
      why: messageOf(error),
      next: 'export it again',
      cause: error,
    })
  }
}

/** The intervals a file has: those its metadata tells of, if their outputs are there. */
function intervalsIn(bytes: Uint8Array, target: string, outputs: readonly string[]): Intervals | null {
  const intervals = intervalsOf(bytes)
  const needed = (intervals?.bounds ?? []).flatMap(({ level }) => endsOf(target, level))
  return needed.every((name) => outputs.includes(name)) ? intervals : null
}

function endsOf(target: string, level: number): string[] {
  return [intervalOutput(target, 'low', level), intervalOutput(target, 'high', level)]
}

function checkOutput(outputs: readonly InferenceSession.ValueMetadata[]): string {
  const [output] = outputs
  if (output?.isTensor === true && (output.type === 'float32' || output.type === 'float64')) return output.name
  const found = output?.isTensor === true ? `${output.type}` : 'not a tensor'
  throw new PlannedError('BAD_DATA', `the model's first output, ${output?.name ?? 'which it lacks'}, is ${found}`, {
    why: 'a prediction is float or double, one per row',
    next: 'export the model with such an output',
  })
}

function numbersOf(tensor: OnnxTensor | undefined, name: string, rows: number): Float32Array | Float64Array {
  const values = tensor?.data
  if ((values instanceof Float32Array || values instanceof Float64Array) && values.length === rows) return values
  throw new PlannedError(
    'BAD_DATA',
    `the model answered ${rows} rows with ${name} of shape [${tensor?.dims.join(', ') ?? ''}]`,
    { why: 'it has to give one number per row', next: 'export the model with such an output' },
  )
}

function checkColumns(inputs: readonly ModelInput[], columns: Columns, rows: number): void {
  for (const { name } of inputs) {
    const column = columns[name]
    if (column !== undefined && column.length >= rows) continue
    const found =
      column === undefined
        ? `, and there are ${Object.keys(columns).join(', ') || 'none'}`
        : ` for ${rows} rows, and it has ${column.length} values`
    throw new PlannedError('BAD_INPUT', `the model reads the column ${name}${found}`, {
      next: 'add it',
    })
  }
}
