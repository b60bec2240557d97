// The models that are open to be asked: each loaded once, and closed after its last request once nobody needs it.
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import type { ModelVersion, Tracking } from '../tracking/port.ts'
import { batched, type Score } from './batched-predictor.ts'
import type { VersionChoice } from './evaluate-version.ts'
import { cannotServe, checkOpened, openVersion } from './open-version.ts'
import type { Project } from './project.ts'
import type { FlagRows } from './range-flags.ts'

/** Choices whose models stay open; the one that was not asked for longest makes room. */
const MOST_CHOICES = 16
/** A model that could not be opened is tried again after this. */
const RETRY_AFTER_MS = 5_000

/** A model on loan: it stays open until it is given back. */
interface Loan {
  readonly version: ModelVersion
  readonly score: Score
  giveBack(): void
}

export interface ServedModels {
  /**
   * The model of the version that a choice means now. While that one is still being opened, or cannot be, the choice goes on with the one it
   * had. Throws `UNAVAILABLE` if there is none.
   */
  borrow(choice: VersionChoice, version: ModelVersion): Promise<Loan>
  [Symbol.asyncDispose](): Promise<void>
}

/** One version: being opened, open, or failed. */
interface Model {
  readonly id: string
  readonly opening: Promise<void>
  score: Score | null
  failure: { readonly error: unknown; readonly atMs: number } | null
  /** Choices that mean it, and requests that use it. */
  holders: number
  users: number
  close(): Promise<void>
}

interface Rooms {
  readonly tracking: Tracking
  readonly project: Project
  readonly flag: FlagRows
  readonly report: (error: unknown, where: string) => void
}

/** What one way to name a version stands for: the model it is answered by, and the one that is to take over once it is open. */
interface Choice {
  serving: { readonly model: Model; readonly version: ModelVersion; readonly score: Score } | null
  next: Model | null
}

export function openServedModels(rooms: Rooms): ServedModels {
  const { modelOf, release, allClosed } = openModels(rooms)
  const choices = new Map<string, Choice>()

  const setNext = (choice: Choice, model: Model | null): void => {
    if (choice.next === model) return
    const before = choice.next
    if (model !== null) model.holders++
    choice.next = model
    release(before, 'holders')
  }
  const serve = (choice: Choice, serving: Choice['serving']): void => {
    const before = choice.serving?.model
    if (serving !== null) serving.model.holders++
    choice.serving = serving
    release(before, 'holders')
    setNext(choice, null)
  }
  const choiceOf = (key: string): Choice => {
    const choice = choices.get(key) ?? { serving: null, next: null }
    choices.delete(key)
    choices.set(key, choice) // last, and so the last to make room
    const [oldest] = choices
    if (choices.size > MOST_CHOICES && oldest !== undefined) {
      choices.delete(oldest[0])
      serve(oldest[1], null)
    }
    return choice
  }
  const lend = ({ model, version, score }: NonNullable<Choice['serving']>): Loan => {
    model.users++
    return { version, score, giveBack: () => release(model, 'users') }
  }

  return {
    async borrow(wanted, version) {
      const key = keyOf(wanted)
      const choice = choiceOf(key)
      const model = modelOf(version)
      if (model.score === null) {
        setNext(choice, model)
        if (choice.serving !== null) return lend(choice.serving)
        model.users++ // nobody may close it while it is waited for
        await model.opening
        model.users--
      }
      if (model.score === null) throw notServed(version, model.failure?.error)
      const serving = { model, version, score: model.score }
      const loan = lend(serving)
      const holder = choiceOf(key) // another one by now, if it made room meanwhile
      if (holder.serving?.version !== version) serve(holder, serving)
      return loan
    },
    async [Symbol.asyncDispose]() {
      for (const choice of choices.values()) serve(choice, null)
      choices.clear()
      await allClosed()
    },
  }
}

/** The models by identity: each is opened once, and closed when the last who holds or uses it lets go. */
function openModels(rooms: Rooms) {
  const models = new Map<string, Model>()
  const closing = new Set<Promise<void>>()
  const closeIfIdle = (model: Model): void => {
    if (model.holders > 0 || model.users > 0 || model.failure !== null) return // a failure is remembered until it is tried again
    if (models.get(model.id) === model) models.delete(model.id)
    const closed = model.opening
      .then(() => model.close())
      .catch((error: unknown) => rooms.report(error, 'closing a model'))
    closing.add(closed)
    void closed.finally(() => closing.delete(closed))
  }
  return {
    modelOf(version: ModelVersion): Model {
      const id = identityOf(version)
      const known = models.get(id)
      if (known !== undefined && !isWorthRetrying(known)) return known
      const model = openModel(rooms, id, version)
      models.set(id, model)
      return model
    },
    release(model: Model | null | undefined, use: 'holders' | 'users'): void {
      if (model === null || model === undefined) return
      model[use]--
      closeIfIdle(model)
    },
    allClosed: async (): Promise<void> => void (await Promise.all(closing)),
  }
}

/** Begins to open a version. Its `opening` never rejects: what went wrong is told, and is its `failure`. */
function openModel({ tracking, project, flag, report }: Rooms, id: string, version: ModelVersion): Model {
  const { promise, resolve } = Promise.withResolvers<void>()
  const model: Model = { id, opening: promise, score: null, failure: null, holders: 0, users: 0, close: async () => {} }
  const names = project.request.map((field) => field.name)
  const open = async (): Promise<void> => {
    const predictor = await openVersion(tracking, { model: version.name, version: version.version }, { threads: 1 })
    try {
      await checkOpened(project, version, predictor)
      const unsaid = predictor.inputs.filter((name) => !names.includes(name))
      if (unsaid.length > 0) throw cannotServe(version, `reads ${unsaid.join(', ')}, which a request does not say`)
    } catch (error) {
      await predictor[Symbol.asyncDispose]()
      throw error
    }
    model.close = () => predictor[Symbol.asyncDispose]()
    model.score = batched(predictor, names, flag)
  }
  open()
    .catch((error: unknown) => {
      model.failure = { error, atMs: performance.now() }
      report(error, 'a version is not served')
    })
    .finally(resolve)
  return model
}

function isWorthRetrying({ failure }: Model): boolean {
  return failure !== null && performance.now() - failure.atMs > RETRY_AFTER_MS
}

/** A number may come to mean another model, where a registry gives the number of a deleted version again. */
function identityOf({ version, createdAtMs, source }: ModelVersion): string {
  return `${version} ${createdAtMs} ${source}`
}

function keyOf(choice: VersionChoice): string {
  if ('stage' in choice) return choice.stage
  return 'version' in choice ? `v${choice.version}` : `@${choice.alias}`
}

function notServed(version: ModelVersion, error: unknown): PlannedError {
  const planned = isPlanned(error) ? error : null
  return new PlannedError('UNAVAILABLE', `v${version.version} of ${version.name} is not served`, {
    why: planned === null ? messageOf(error) : [planned.what, planned.why].filter(Boolean).join(': '),
    next: planned?.next ?? 'use another version (./understudy models lists them)',
    cause: error,
  })
}
