// Files that are no table we read, told by how they begin, and what to do with each.
import { PlannedError } from '../kernel/errors.ts'

interface Kind {
  /** Completes "FILE is …". */
  readonly is: string
  readonly next: string
}

const TAKEN = 'CSV, CSV in gzip and Parquet can be imported'

/** By their first bytes, written in latin-1. */
const BINARY: readonly (readonly [starts: string, kind: Kind])[] = [
  ['PK\u0003\u0004', { is: 'a zip archive or an Excel workbook', next: 'unpack it, or save the sheet as CSV' }],
  ['\u00d0\u00cf\u0011\u00e0', { is: 'an old Excel workbook', next: 'save the sheet as CSV' }],
  ['\u0028\u00b5\u002f\u00fd', { is: 'packed with zstd', next: 'unpack it first (unzstd)' }],
  ['BZh', { is: 'packed with bzip2', next: 'unpack it first (bunzip2)' }],
  ['\u00fd7zXZ\u0000', { is: 'packed with xz', next: 'unpack it first (unxz)' }],
  ['7z\u00bc\u00af', { is: 'a 7z archive', next: 'unpack it first (7z x)' }],
  ['SQLite format 3\u0000', { is: 'an SQLite database', next: 'write the table out as CSV' }],
  ['ARROW1', { is: 'an Arrow (Feather) file', next: 'write it as Parquet' }],
  ['Obj\u0001', { is: 'an Avro file', next: 'write it as Parquet' }],
  ['ORC', { is: 'an ORC file', next: 'write it as Parquet' }],
]

/** By how their text begins; only where no heading was found in it. */
const TEXTS: readonly (readonly [starts: RegExp, kind: Kind])[] = [
  [
    /^\s*</,
    { is: 'a web page or XML', next: 'fetch the table itself; a page in its place is often an error or a log-in' },
  ],
  [/^\s*[[{]/, { is: 'JSON', next: 'write it as CSV or Parquet' }],
  [
    /^version https:\/\/git-lfs/,
    { is: 'a pointer of Git LFS, not the file itself', next: 'fetch the file (git lfs pull)' },
  ],
]

const GZIP = '\u001f\u008b'
const PARQUET = 'PAR1'

export function isGzip(head: Buffer): boolean {
  return startsWith(head, GZIP)
}
export function isParquet(head: Buffer): boolean {
  return startsWith(head, PARQUET)
}

/** Throws `BAD_INPUT`, saying what it is and what to do, if the bytes a file begins with are not those of text. */
export function refuseBinary(path: string, head: Buffer): void {
  const known = BINARY.find(([starts]) => startsWith(head, starts))?.[1]
  if (known !== undefined) throw refused(path, known)
  if (isUtf16(head)) throw refused(path, { is: 'UTF-16 text', next: 'save it as UTF-8' })
}

/** The same for what a gzip holds: packed once more, or something that needs no gzip around it. */
export function refusePacked(path: string, content: Buffer): void {
  const next = 'unpack it (gunzip) and import the file inside'
  if (isGzip(content)) throw refused(path, { is: 'a gzip in a gzip', next })
  if (isParquet(content)) throw refused(path, { is: 'a Parquet file in a gzip', next })
  refuseBinary(path, content)
}

/** Throws `BAD_INPUT` if what holds none of the headings looked for is no text, or that of another kind of file. */
export function refuseOtherText(path: string, text: string): void {
  if (text.includes('\0')) throw refused(path, { is: 'neither text nor Parquet', next: TAKEN })
  const known = TEXTS.find(([starts]) => starts.test(text))?.[1]
  if (known !== undefined) throw refused(path, known)
}

function refused(path: string, { is, next }: Kind): PlannedError {
  return new PlannedError('BAD_INPUT', `${path} is ${is}`, { next, facts: { path } })
}

function startsWith(head: Buffer, starts: string): boolean {
  return head.subarray(0, starts.length).equals(Buffer.from(starts, 'latin1'))
}

/** By its mark, or, without one, by every other byte of its beginning being zero, as it is for letters and digits. */
function isUtf16(head: Buffer): boolean {
  if (startsWith(head, '\u00ff\u00fe') || startsWith(head, '\u00fe\u00ff')) return true
  const beginning = head.subarray(0, 200)
  const zeros = [0, 1].map((side) => beginning.filter((byte, i) => i % 2 === side && byte === 0).length)
  return zeros.some((count, side) => count > beginning.length * 0.4 && zeros[1 - side] === 0)
}
