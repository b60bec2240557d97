// Numbers and JSON as Python writes them, which is how MLflow's messages show what they refuse.

/** A floating-point number: `1.0`, `1e-05`, `1e+16`, `nan`, `inf`. */
export function pythonFloat(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2') // Python gives exponents two digits
  }
  const text = Object.is(value, -0) ? '-0' : String(value)
  return text.includes('.') ? text : `${text}.0`
}

/** A number of a JSON text as it was written, so that a message can tell 9.0 from 9. */
export class NumberText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
  /** Whether Python reads a float here. */
  get isFloat(): boolean {
    return /[.eE]/.test(this.text)
  }
}

/** A value as `json.dumps(value, sort_keys=True, separators=(",", ":"))` writes it: ASCII only. */
export function pythonJson(value: unknown): string {
  if (value instanceof NumberText) return value.isFloat ? pythonFloat(Number(value.text)) : value.text
  if (typeof value === 'string') return asciiJson(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return String(value)
    return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity'
  }
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([key, part]) => `${asciiJson(key)}:${pythonJson(part)}`).join(',')}}`
}

function asciiJson(text: string): string {
  return JSON.stringify(text).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
