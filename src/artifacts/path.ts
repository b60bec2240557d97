// Which paths an artifact store takes. One rule for every adapter, so that what one store holds another can.
import { PlannedError } from '../kernel/errors.ts'

/** Where the disk adapter keeps what is not whole yet. */
export const PARTIAL_FOLDER = '.partial'

/** The longest name a file may have on Linux, macOS and, in characters, Windows. */
const MAX_PART_BYTES = 255

/** The longest key an object store takes (S3, GCS). */
const MAX_PATH_BYTES = 1024

/**
 * Throws `BAD_INPUT` unless the path names something inside a store: relative, `/` between parts, no empty, `.` or `..` part, no
 * backslash, no NUL, whole Unicode characters only, at most 1024 bytes of UTF-8 and 255 in a part, the first part not `.partial`.
 */
export function checkPath(path: string): void {
  const reason = faultIn(path)
  if (reason !== null) {
    throw new PlannedError('BAD_INPUT', `the artifact path ${JSON.stringify(path)} ${reason}`, {
      next: 'write it like "1/model/model.onnx"',
    })
  }
}

/** Whether `checkPath` would let it pass. */
export function isPath(path: string): boolean {
  return faultIn(path) === null
}

/** Checks a folder's path, where '' is the whole store. */
export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkPath(prefix)
}

/** The two outcomes of looking for what is not there, worded alike in every adapter. */
export function absent(path: string): PlannedError {
  return new PlannedError('NOT_FOUND', `there is no artifact "${path}"`, {
    next: 'list its folder to see what there is',
  })
}

export function fileAndFolder(path: string): PlannedError {
  return new PlannedError(
    'CONFLICT',
    `"${path}" cannot be written: it, or a part of it, is a folder where a file should be or a file where a folder should be`,
    { next: 'choose another path' },
  )
}

/** Throws `BAD_INPUT` unless as many bytes came as were announced, if any were. */
export function checkExpected(path: string, came: number, expected: number | undefined): void {
  if (expected === undefined || came === expected) return
  throw new PlannedError('BAD_INPUT', `"${path}" was not stored: ${came} bytes came where ${expected} were announced`, {
    next: 'send it again',
  })
}

function faultIn(path: string): string | null {
  if (path.includes('\0')) return 'holds a NUL character'
  if (path.includes('\\')) return 'holds a backslash'
  if (path.startsWith('/')) return 'is absolute'
  if (!path.isWellFormed()) return 'holds half a Unicode character'
  const parts = path.split('/')
  if (parts.includes('')) return 'has an empty part'
  if (parts.includes('.') || parts.includes('..')) return 'has a part "." or ".."'
  if (parts[0] === PARTIAL_FOLDER) return `lies in "${PARTIAL_FOLDER}", which is kept for half-written files`
  if (parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES))
    return `has a part longer than ${MAX_PART_BYTES} bytes`
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `is longer than ${MAX_PATH_BYTES} bytes`
  return null
}
