// Moving versions between stages on a server that knows no transactions. A call first writes down all that it is about to do, as the next
// page of the model's book, which only one can write; then it does it, looking before each step whether it was done; then it says so. One
// that was cut off in between is finished by whoever comes next: the same call, or another's.
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256 } from '../kernel/json.ts'
import { checkModelName } from './names.ts'
import { checkMoves, plainCause, planMoves, type Stages, seenOutside, unexplained } from './plan-moves.ts'
import type { Move, Tracking, Transition } from './port.ts'
import { type Book, closePage, type Entry, type Page, readBook, writePage } from './remote-book.ts'
import type { RemoteContext } from './remote-context.ts'
import type { Ledger } from './remote-ledger.ts'
import { readVersions } from './remote-versions.ts'
import { MOVE_TAG, Nothing, type VersionRead } from './remote-wire.ts'
import { isRefusal } from './rest-errors.ts'
import { isExclusive, stageOf } from './stages.ts'

const LOOK_AGAIN_MS = 100
/** What fits into a version's tag on every MLflow. */
const TAG_LENGTH = 4000

export function remoteMoves(
  context: RemoteContext,
  ledger: Ledger,
): Pick<Tracking, 'move' | 'noticeOutsideMoves' | 'history'> {
  return {
    move: (name, moves, effect) => moveVersions(context, ledger, name, moves, effect),
    async noticeOutsideMoves(name) {
      checkModelName(name)
      return await attempt(context, ledger, name, null, () => [])
    },
    async history(name) {
      const { pages } = await readBook(context, ledger, name)
      return pages.filter(({ isDone }) => isDone).flatMap(({ transitions }) => transitions)
    },
  }
}

async function moveVersions(
  context: RemoteContext,
  ledger: Ledger,
  name: string,
  moves: readonly Move[],
  effect: string | undefined,
): Promise<readonly Transition[]> {
  checkModelName(name)
  checkMoves(name, moves)
  const request = effect === undefined ? null : sha256(effect)
  const own = await attempt(context, ledger, name, { request }, (stages) =>
    planMoves(name, moves, stages).map(({ cause, ...change }) => ({
      ...change,
      ...plainCause(cause),
      isNoticed: false,
    })),
  )
  return own
}

/**
 * Writes and does what `plan` makes of the stages, and what others did before it; again from the start if somebody else was quicker.
 * Returns what it did itself, or, with no call of its own, what it took note of.
 */
async function attempt(
  context: RemoteContext,
  ledger: Ledger,
  name: string,
  call: { request: string | null } | null,
  plan: (stages: Stages) => readonly Entry[],
): Promise<readonly Transition[]> {
  const atMs = context.clock.nowMs()
  for (;;) {
    const book = await settledBook(context, ledger, name, call?.request ?? null)
    const earlier = book.pages.find(({ request }) => request !== null && request === call?.request)
    if (earlier !== undefined) return earlier.own
    // The book before the stages: whoever moves in between writes the page that this call would write.
    const stages = stagesOf(await readVersions(context, name))
    const planned = plan(stages)
    const noticed = unexplained(name, stages, book.recorded, seenOutside(atMs))
    const entries = [...noticed.map((change) => ({ ...change, isNoticed: true })), ...planned]
    if (entries.length === 0 && (call === null || call.request === null)) return []
    const written = await writePage(context, ledger, book, { name, request: call?.request ?? null, atMs, entries })
    if (written === null) continue
    await carryOut(context, name, written.runId, written.page)
    return call === null ? written.page.transitions : written.page.own
  }
}

/**
 * The book with nothing under way in it. A page of this very call is finished at once; another's is waited for, and finished if nobody
 * seems to be at it any more.
 */
async function settledBook(
  context: RemoteContext,
  ledger: Ledger,
  name: string,
  request: string | null,
): Promise<Book> {
  const since = performance.now()
  for (;;) {
    const book = await readBook(context, ledger, name)
    const open = book.pages.find(({ isDone }) => !isDone)
    if (open === undefined || book.runId === null) return book
    const isOurs = request !== null && open.request === request
    if (isOurs || performance.now() - since >= context.othersMoveMs) await carryOut(context, name, book.runId, open)
    else await sleep(LOOK_AGAIN_MS)
  }
}

/** Does what a page says and is not done yet, and no more: what somebody else has moved on since stays where it is. */
async function carryOut(context: RemoteContext, name: string, runId: string, page: Page): Promise<void> {
  if (page.own.length === 0) return
  const versions = new Map((await readVersions(context, name)).map((version) => [version.version, version]))
  const isOpen = (change: Transition): boolean => {
    const version = versions.get(change.version)
    return version !== undefined && !isMarked(version, change)
  }
  const isToDo = (change: Transition): boolean => {
    return isOpen(change) && stageOf(versions.get(change.version)?.current_stage ?? null) === change.from
  }
  const entering = page.own.filter((change) => isExclusive(change.to) && isToDo(change))
  // MLflow archives what is in a stage in the same transaction that brings another in: at no moment is nothing there.
  const goesWith = (change: Transition): boolean =>
    change.to === 'Archived' && entering.some(({ to }) => to === change.from)
  const alone = page.own.filter((change) => isToDo(change) && !goesWith(change)).toSorted(leavingFirst)
  for (const change of alone) {
    const archives = page.own.some((other) => isToDo(other) && other.to === 'Archived' && other.from === change.to)
    await transition(context, change, archives && isExclusive(change.to))
  }
  for (const change of page.own.filter(isOpen)) await mark(context, change)
  await closePage(context, runId, page.number)
}

/** What frees a stage goes before what enters one, and Production is freed first. */
function leavingFirst(a: Transition, b: Transition): number {
  const rank = ({ from, to }: Transition): number => (isExclusive(to) ? (from === 'Production' ? 1 : 2) : 0)
  return rank(a) - rank(b)
}

async function transition(
  { rest }: RemoteContext,
  { name, version, to }: Transition,
  archives: boolean,
): Promise<void> {
  const body = { name, version: String(version), stage: to, archive_existing_versions: archives }
  await unlessGone(rest.post('model-versions/transition-stage', body, Nothing))
}

/** Leaves on the version, for people and for ourselves, that this move of it was made: who, why and when. */
async function mark({ rest }: RemoteContext, change: Transition): Promise<void> {
  const { name, version, from, to, actor, reason, atMs } = change
  const said = {
    from,
    to,
    actor,
    reason: reason.slice(0, TAG_LENGTH / 8).toWellFormed(),
    at: new Date(atMs).toISOString(),
  }
  const body = { name, version: String(version), key: markOf(change), value: JSON.stringify(said) }
  await unlessGone(rest.post('model-versions/set-tag', body, Nothing))
}

function isMarked(version: VersionRead, change: Transition): boolean {
  return version.tags.some(({ key }) => key === markOf(change))
}

function markOf({ id }: Transition): string {
  return `${MOVE_TAG}${String(id).padStart(6, '0')}`
}

/** A version that was deleted meanwhile is nowhere to be moved to. */
async function unlessGone(asked: Promise<unknown>): Promise<void> {
  try {
    await asked
  } catch (error) {
    if (!isRefusal(error, 'RESOURCE_DOES_NOT_EXIST', 'NOT_FOUND')) throw error
  }
}

function stagesOf(versions: readonly VersionRead[]): Stages {
  const oldestFirst = versions.toSorted((a, b) => a.version - b.version)
  return new Map(oldestFirst.map(({ version, current_stage }) => [version, stageOf(current_stage)]))
}
