// Loaded into the program before it starts (`--import`). It knows nothing of the program: it watches what is made durable, each commit
// and each change of a file's name, and there it kills the process, or keeps a copy of the home as a kill would have left it.
import fs, { appendFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { basename, join, relative } from 'node:path'
import { DatabaseSync, type SQLInputValue, StatementSync } from 'node:sqlite'
import { isMainThread } from 'node:worker_threads'

const { UNDERSTUDY_HOME: home = '', DIE_LIST: dieList, COPY_TO: copyTo } = process.env
/** The journal tells where in its work the program is. */
const JOURNAL = 'flow.db'

if (isMainThread && home !== '') {
  watchDatabases()
  watchFiles()
}

/** A moment between two things that are durable. */
function pass(point: string, isJournal: boolean): void {
  // What a task said comes with whatever is written next, and is not a moment of its own.
  if (dieList !== undefined && isJournal) dieOnce(dieList, point.replaceAll(/; insert into task_log [^;]*/g, ''))
  if (copyTo !== undefined && !point.startsWith('before commit')) copyHome(copyTo, point) // the same as after what came before
}

/** Dies here, unless an earlier process has. */
function dieOnce(list: string, point: string): void {
  if (existsSync(list) && readFileSync(list, 'utf8').split('\n').includes(point)) return
  appendFileSync(list, `${point}\n`)
  process.kill(process.pid, 'SIGKILL')
}

let copies = 0
/** A copy of the home in a folder of its own, beside `point`, the moment it is of. */
function copyHome(folder: string, point: string): void {
  const copy = join(folder, String(copies++).padStart(4, '0'))
  for (;;) {
    try {
      mkdirSync(copy)
      cpSync(home, join(copy, 'home'), { recursive: true })
      writeFileSync(join(copy, 'point'), point)
      return
    } catch {
      rmSync(copy, { recursive: true, force: true }) // another thread moved a file meanwhile
    }
  }
}

function watchDatabases(): void {
  const files = new WeakMap<StatementSync, DatabaseSync>()
  const said = new WeakMap<DatabaseSync, string[]>()
  const nameOf = (database: DatabaseSync): string => basename(database.location() ?? '')
  const passBoth = <T>(database: DatabaseSync, what: string, work: () => T): T => {
    const isJournal = nameOf(database) === JOURNAL
    // Before something is begun is after what came before it.
    if (!/insert into (task|flow)_runs/.test(what)) pass(`before commit, ${nameOf(database)}: ${what}`, isJournal)
    const result = work()
    pass(`after commit, ${nameOf(database)}: ${what}`, isJournal)
    return result
  }
  const { exec, prepare } = DatabaseSync.prototype
  DatabaseSync.prototype.exec = function (sql) {
    if (sql === 'begin immediate') said.set(this, [])
    if (sql !== 'commit') return exec.call(this, sql)
    return passBoth(this, said.get(this)?.join('; ') || 'nothing', () => exec.call(this, sql))
  }
  DatabaseSync.prototype.prepare = function (sql) {
    const statement = prepare.call(this, sql)
    files.set(statement, this)
    return statement
  }
  const watch = <T>(statement: StatementSync, values: readonly unknown[], work: () => T): T => {
    const database = files.get(statement)
    const text = wordsOf(statement.sourceSQL, values)
    if (database === undefined || text === null) return work()
    if (!database.isTransaction) return passBoth(database, text, work)
    said.get(database)?.push(text)
    return work()
  }
  for (const how of ['run', 'all'] as const) {
    const call: (this: StatementSync, ...values: SQLInputValue[]) => unknown = StatementSync.prototype[how]
    Object.defineProperty(StatementSync.prototype, how, {
      value(this: StatementSync, ...values: SQLInputValue[]) {
        return watch(this, values, () => call.apply(this, values))
      },
    })
  }
}

/** What a statement writes, the same in every process that does the same; null if it writes nothing. */
function wordsOf(sql: string, values: readonly unknown[]): string | null {
  const verb = /^\s*(insert into|update|delete from)\s+"?(\w+)/i.exec(sql)
  if (verb === null) return null
  // Names, keys and states; no numbers, digests or texts, which are others each time. A new run's id is drawn anew in each attempt.
  const isNew = verb[1] === 'insert into' && verb[2] === 'flow_runs'
  const words = values.filter(
    (value) => typeof value === 'string' && /^[\w./-]{2,120}$/.test(value) && /[a-z]/.test(value),
  )
  return `${verb[1]} ${verb[2]} ${words.filter((word) => !(isNew && /^[0-9a-f]{32}$/.test(`${word}`))).join(' ')}`
}

function watchFiles(): void {
  const shown = (path: unknown): string => relative(home, String(path)).replace(/[0-9a-f]{8,}/g, '*')
  const isOurs = (path: unknown): boolean => String(path).startsWith(home) && !String(path).includes('.db')
  const { rename, writeFile } = fs.promises
  fs.promises.rename = async (from, to) => {
    if (isOurs(to)) pass(`before rename to ${shown(to)}`, false)
    await rename(from, to)
    if (isOurs(to) && shown(to).endsWith('.json')) pass(`after rename to ${shown(to)}`, false) // another part or artifact follows
  }
  fs.promises.writeFile = async (path, ...rest) => {
    await writeFile(path, ...rest)
    if (isOurs(path)) pass(`after write of ${shown(path)}`, false)
  }
  const { openSync, unlinkSync } = fs
  fs.openSync = (path, ...rest) => {
    const file = openSync(path, ...rest)
    if (rest[0] === 'wx' && isOurs(path)) pass(`after making ${shown(path)}`, false)
    return file
  }
  fs.unlinkSync = (path) => {
    unlinkSync(path)
    if (isOurs(path)) pass(`after removing ${shown(path)}`, false)
  }
  syncBuiltinESMExports()
}
