// What a move rested on, in one line: the figures that mattered. The whole of it is in the JSON.
import { z } from 'zod'
import { countText, percentText } from '../evaluation/figures.ts'
import type { Json } from '../kernel/json.ts'
import { errorText, signedText } from './report-cycle.ts'

const Estimate = z.object({ mean: z.number() })
const GateEvidence = z.object({
  rows: z.number(),
  days: z.number(),
  looks: z.number(),
  level: z.number(),
  champion: Estimate.nullable(),
  challenger: Estimate.nullable(),
  difference: z.object({ mean: z.number(), low: z.number(), high: z.number() }).nullable(),
})

/** Null where a move carries no evidence. What is not a gate's is told by the names it has. */
export function evidenceText(evidence: Json, words: { unit: string; rows: string }): string | null {
  const gate = GateEvidence.safeParse(evidence)
  if (gate.success) return gateText(gate.data, words)
  if (typeof evidence !== 'object' || evidence === null) return evidence === null ? null : String(evidence)
  const parts = namedParts(evidence)
  return parts.length === 0 ? null : parts.join(', ')
}

/** What the evidence of an answer or a rollback names runs by: of use to programs only. */
const BY_REFERENCE: readonly string[] = ['askedBy', 'flowRun']

/** Every figure with its name in words, those of what lies inside too. */
function namedParts(evidence: object): string[] {
  return Object.entries(evidence).flatMap(([key, value]: [string, Json]) => {
    if (value === null || BY_REFERENCE.includes(key)) return []
    if (typeof value === 'object') return namedParts(value)
    const name = key.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).replaceAll('_', ' ')
    return [`${name} ${typeof value === 'number' ? plainNumber(value) : value}`]
  })
}

function gateText(evidence: z.infer<typeof GateEvidence>, { unit, rows }: { unit: string; rows: string }): string {
  const { champion, challenger, difference, level, looks } = evidence
  return [
    `champion ${errorText(champion?.mean ?? null)}`,
    `challenger ${errorText(challenger?.mean ?? null)} ${unit}`,
    ...(difference === null
      ? []
      : [
          `difference ${signedText(difference.mean)} (${percentText(level)}: ${signedText(difference.low)} to ${signedText(difference.high)})`,
        ]),
    `on ${countText(evidence.rows)} ${rows} of ${evidence.days} days`,
    `look ${looks}`,
  ].join(', ')
}

function plainNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(3)
}
