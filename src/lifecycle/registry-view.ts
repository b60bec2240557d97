// Which version a request means, by what the registry said a moment ago: it is asked a few times a second, and only while requests come.
import { isPlanned } from '../kernel/errors.ts'
import type { ModelVersion, Tracking } from '../tracking/port.ts'
import type { VersionChoice } from './evaluate-version.ts'

/** What it knows is good for so long without asking; a move is noticed that much later. */
const FRESH_MS = 250
/** From this age on a request waits for an answer instead of having one asked for behind it … */
const STALE_MS = 1_000
/** … but no longer than this: a registry that cannot be reached does not stop what is served. */
const PATIENCE_MS = 500
/** How often an outage is told. */
const TELL_EVERY_MS = 30_000

/** Finds the version that is meant; null if there is none. Throws what the registry does as long as it has never answered. */
export type FindServed = (choice: VersionChoice) => Promise<ModelVersion | null>

interface View {
  readonly latest: readonly ModelVersion[]
  readonly aliases: Readonly<Record<string, number>>
  /** Those that were asked for by number, looked up once. */
  readonly byNumber: Map<number, Promise<ModelVersion | null>>
}

export function openRegistryView(
  tracking: Pick<Tracking, 'latestVersions' | 'aliases' | 'version'>,
  model: string,
  report: (error: unknown, where: string) => void,
): FindServed {
  let view: View | null = null
  let askedAtMs = Number.NEGATIVE_INFINITY
  let asking: Promise<View> | null = null
  let askingSinceMs = 0
  let toldAtMs = Number.NEGATIVE_INFINITY

  const ask = async (): Promise<View> => {
    try {
      const [latest, aliases] = await Promise.all([tracking.latestVersions(model), tracking.aliases(model)])
      view = { latest, aliases, byNumber: new Map(latest.map((one) => [one.version, Promise.resolve(one)])) }
      return view
    } catch (error) {
      if (view === null) throw error
      const nowMs = performance.now()
      if (nowMs - toldAtMs > TELL_EVERY_MS) {
        toldAtMs = nowMs
        report(error, `what is in Production of ${model} could not be asked; serving what was`)
      }
      return view
    } finally {
      askedAtMs = performance.now()
      asking = null
    }
  }

  const current = async (): Promise<View> => {
    const ageMs = performance.now() - askedAtMs
    if (view !== null && ageMs < FRESH_MS) return view
    if (asking === null) {
      askingSinceMs = performance.now()
      asking = ask()
    }
    if (view === null) return await asking
    const leftMs = PATIENCE_MS - (performance.now() - askingSinceMs)
    return ageMs < STALE_MS || leftMs <= 0 ? view : await Promise.race([asking, afterwards(leftMs, view)])
  }

  const byNumber = ({ byNumber: known }: View, number: number): Promise<ModelVersion | null> => {
    const found = known.get(number) ?? orNull(tracking.version(model, number))
    if (known.size < MOST_KNOWN) known.set(number, found)
    return found
  }

  return async (choice) => {
    const seen = await current()
    if ('stage' in choice) return seen.latest.find(({ stage }) => stage === choice.stage) ?? null
    if ('version' in choice) return await byNumber(seen, choice.version)
    const number = Object.hasOwn(seen.aliases, choice.alias) ? seen.aliases[choice.alias] : undefined
    return number === undefined ? null : await byNumber(seen, number)
  }
}

/** Numbers that one view remembers: whoever asks for all there are does not fill the memory. */
const MOST_KNOWN = 1_000

async function orNull(reading: Promise<ModelVersion>): Promise<ModelVersion | null> {
  try {
    return await reading
  } catch (error) {
    if (isPlanned(error, 'NOT_FOUND')) return null
    throw error
  }
}

async function afterwards<T>(ms: number, value: T): Promise<T> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref()
  })
  return value
}
