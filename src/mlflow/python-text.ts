// Values as Python writes them, which some of MLflow's messages quote.

type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }

/** As `repr` has it: 'a', ['1', None], {'offset': 1}. */
export function pythonText(value: Value): string {
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return quoted(value)
  if (Array.isArray(value)) return `[${value.map(pythonText).join(', ')}]`
  return `{${Object.entries(value)
    .map(([key, item]) => `${quoted(key)}: ${pythonText(item)}`)
    .join(', ')}}`
}

/** A set, in the order given; Python's own order is any. */
export function pythonSet(values: readonly string[]): string {
  return `{${values.map(quoted).join(', ')}}`
}

/** A tuple of at least two. */
export function pythonTuple(values: readonly string[]): string {
  return `(${values.map(quoted).join(', ')})`
}

/** Bytes: b'{"a": 1}', b'\xff'. */
export function pythonBytes(bytes: Uint8Array): string {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? '"' : "'"
  const shown = [...bytes].map((byte) => {
    const sign = String.fromCharCode(byte)
    if (sign === quote || sign === '\\') return `\\${sign}`
    return byte >= 0x20 && byte < 0x7f ? sign : (SHORT[sign] ?? `\\x${byte.toString(16).padStart(2, '0')}`)
  })
  return `b${quote}${shown.join('')}${quote}`
}

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const shown = text.replace(/[\\\n\r\t]/g, (sign) => SHORT[sign] ?? '\\\\')
  return `${quote}${quote === "'" ? shown.replaceAll("'", "\\'") : shown}${quote}`
}
