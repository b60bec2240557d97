// What a request asks for: of which version, by `?stage=`, `?version=` or `?alias=` (without any, the one in Production), and whether with intervals.
import type { VersionChoice } from '../lifecycle/evaluate-version.ts'
import type { Stage } from '../tracking/port.ts'
import type { Detail } from './predict-fault.ts'

export const STAGES: readonly Stage[] = ['None', 'Staging', 'Production', 'Archived']
const PRODUCTION: VersionChoice = { stage: 'Production' }
const HIGHEST_VERSION = 2 ** 31 - 1

interface Faults {
  readonly kind: 'faults'
  readonly faults: readonly Detail[]
}
type ReadChoice = { readonly kind: 'choice'; readonly choice: VersionChoice } | Faults
type Wanted = { readonly kind: 'choice'; readonly choice: VersionChoice; readonly intervals: boolean } | Faults

/** What a request asks for, but for the values of its rows. Intervals are told only if asked for: the recipe's clients know one key. */
export function readWanted(query: Readonly<Record<string, readonly string[]>>): Wanted {
  const read = readChoice(query)
  const { intervals } = query
  const text = intervals?.at(-1)?.toLowerCase()
  const details = read.kind === 'faults' ? [...read.faults] : []
  if (text !== undefined && !['true', 'false', '1', '0'].includes(text)) {
    details.push(fault('bool_parsing', 'intervals', 'Input should be true or false', intervals))
  }
  if (read.kind === 'faults' || details.length > 0) return { kind: 'faults', faults: details }
  return { ...read, intervals: text === 'true' || text === '1' }
}

function readChoice(query: Readonly<Record<string, readonly string[]>>): ReadChoice {
  const { stage, version, alias } = query
  if (stage === undefined && version === undefined && alias === undefined) return { kind: 'choice', choice: PRODUCTION }
  const given = Object.entries({ stage, version, alias }).filter(([, texts]) => texts !== undefined)
  if (given.length > 1) {
    const names = given.map(([name]) => name)
    return faults(
      given.map(([name, texts]) =>
        fault('only_one', name, `Only one of ${names.join(' and ')} can name the version`, texts),
      ),
    )
  }
  if (alias !== undefined) return { kind: 'choice', choice: { alias: alias.at(-1) ?? '' } }
  if (version !== undefined) return numbered(version)
  const found = STAGES.find((one) => one.toLowerCase() === stage?.at(-1)?.toLowerCase())
  if (found !== undefined) return { kind: 'choice', choice: { stage: found } }
  return faults([fault('literal_error', 'stage', `Input should be one of ${STAGES.join(', ')}`, stage)])
}

function numbered(version: readonly string[]): ReadChoice {
  const text = version.at(-1) ?? ''
  const number = Number(text)
  if (/^\d+$/.test(text) && number >= 1 && number <= HIGHEST_VERSION)
    return { kind: 'choice', choice: { version: number } }
  return faults([fault('int_parsing', 'version', 'Input should be the number of a version', version)])
}

function faults(details: readonly Detail[]): ReadChoice {
  return { kind: 'faults', faults: details }
}

function fault(type: string, name: string, msg: string, texts: readonly string[] | undefined): Detail {
  return { type, loc: ['query', name], msg, input: texts?.at(-1) ?? null }
}
