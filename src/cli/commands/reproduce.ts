// `reproduce`: trains again what a run recorded, and says whether the same comes out.
import { z } from 'zod'
import { countText, figureWriter } from '../../evaluation/figures.ts'
import { PlannedError } from '../../kernel/errors.ts'
import { COMPUTED_BY, type Reproduction, reproduce, type TrainingChoice } from '../../lifecycle/reproduce.ts'
import { defineCommand } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { withProgress } from '../progress.ts'
import { errorText } from '../report-cycle.ts'
import { wrapped } from '../table.ts'

const Args = z.object({
  run: z.string().optional(),
  version: wholeNumber('--version is a number').optional(),
  check: z.boolean().default(false),
})

/** `understudy reproduce 4c0ffee…`, `understudy reproduce --version 3` */
export const reproduceCommand = defineCommand({
  name: 'reproduce',
  example: 'reproduce --version 3',
  summary: 'train again what a run recorded, and say whether the same model comes out',
  positional: [['[run]', 'the id of the run of a training; ./understudy models show names it']],
  options: [
    ['--version <number>', 'the run that made the version of this number'],
    ['--check', 'train nothing: only say whether all that decides the outcome is as it was'],
  ],
  stopping: 'stopping; nothing was changed (once more to end at once)',
  args: Args,
  async run(args, context) {
    const { terminal } = context
    const choice = choiceOf(args)
    const { model } = context.settings()
    const rooms = await context.rooms()
    const found = await withProgress(context, (watch) =>
      reproduce(rooms, { model, choice, onlyLook: args.check }, watch),
    )
    const { metric, row } = rooms.project
    if (terminal.json) terminal.out(JSON.stringify(found))
    else terminal.out(reportLines(found, { unit: metric.unit, rows: row.many, columns: terminal.columns }).join('\n'))
    if (FAILS.has(found.answer)) throw notReproduced(found)
  },
})

function choiceOf({ run, version }: z.infer<typeof Args>): TrainingChoice {
  if (run !== undefined) return version === undefined ? { runId: run } : { runId: run, version }
  if (version !== undefined) return { version }
  const next = 'give the id of a run, or --version with a number'
  throw new PlannedError('BAD_INPUT', 'no training is named', { next })
}

/** Answers that are no success: a script is to notice them. */
const FAILS: ReadonlySet<Reproduction['answer']> = new Set(['different', 'impossible', 'changed', 'perhaps'])

function notReproduced({ runId, answer, changes, computedBy }: Reproduction): PlannedError {
  const changed = causesOf(changes)
  const has = answer === 'perhaps' ? 'may have changed' : 'has changed'
  const why = changed.length > 0 ? `what ${has}: ${changed.join(', ')}` : 'nothing that is recorded has changed'
  const what = {
    different: `training run ${runId} again gave another model`,
    impossible: `run ${runId} cannot be trained again`,
    changed: `run ${runId} would not be trained on the same again`,
    perhaps: `run ${runId} may not be trained on the same again`,
  }[answer as 'different' | 'impossible' | 'changed' | 'perhaps'] // `FAILS` holds these
  const next =
    answer === 'perhaps' ? `./understudy reproduce ${runId} trains it again, and tells` : remedyFor(changed, computedBy)
  return new PlannedError('CONFLICT', what, { why, next, facts: { run: runId, answer } })
}

/** What another model can come of: what decides which one it is or, where all that is as it was, what computes it. */
function causesOf(changes: Reproduction['changes']): string[] {
  const deciding = changes.filter(({ of }) => of !== 'means')
  const computing = changes.filter(({ of, what }) => of === 'means' && !IDLE.has(what))
  return [...new Set((deciding.length > 0 ? deciding : computing).map(({ what }) => what))]
}

/** Of what has no part in the outcome, rows beside those that were learnt and settings left at what changes nothing. */
const IDLE: ReadonlySet<string> = new Set(['data', 'settings'])

function remedyFor(changed: readonly string[], { recorded }: Reproduction['computedBy']): string {
  if (changed.length === 0) return 'please report it: the same should have come out'
  const others = changed.filter((what) => what !== COMPUTED_BY && what !== 'machine')
  const isComputedOtherwise = changed.includes(COMPUTED_BY)
  const remedies = [
    ...(isComputedOtherwise ? [meansOf(recorded)] : []),
    ...(isComputedOtherwise && others.length === 0
      ? []
      : ['bring back what it rested on (./understudy data shows the rows, git its code)']),
  ]
  return `${remedies.join('; ')}, or train a version anew`
}

/** How to compute as a training did: by its kernels, which are built and need a machine that has their instructions, or without any. */
function meansOf(recorded: string): string {
  return recorded === 'TypeScript'
    ? 'it was computed without kernels, as it is again where build/kernels is moved away'
    : `npm run build makes the kernels, of which its own were ${recorded}; where they are built, train it on a machine that has those instructions`
}

interface Manner {
  readonly unit: string
  readonly rows: string
  readonly columns: number
}

function reportLines(found: Reproduction, manner: Manner): string[] {
  const lines = [`run ${found.runId} (${found.runName})`, '', ...answerLines(found, manner)]
  const changes = found.changes.map(({ of, what, text }) => `   ${CHANGED[of]}, ${what}: ${text}`)
  return lines
    .concat(changes.length === 0 ? [UNCHANGED] : changes)
    .flatMap((line) =>
      wrapped(line.trimStart(), manner.columns - 6).map(
        (part, i) => `${i === 0 ? (/^ */.exec(line)?.[0] ?? '') : '      '}${part}`,
      ),
    )
}

const CHANGED = { basis: 'changed', perhaps: 'perhaps changed', means: 'also changed', prevents: 'changed' } as const

const UNCHANGED =
  '   nothing it rests on has changed: rows, cleaning, features, settings, code, packages, Node, machine'

function answerLines(
  { answer, sha256, bytes, distance, earlyStopError, computedBy }: Reproduction,
  { unit, rows }: Manner,
): string[] {
  const [recorded, again] = [earlyStopError?.recorded ?? null, earlyStopError?.again ?? null]
  const errors =
    recorded === null || again === null
      ? []
      : [`   error on the early-stop ${rows}: ${errorText(recorded)} then, ${errorText(again)} ${unit} now`]
  const apart = distance === null ? [] : [distanceLine(distance, { unit, rows })]
  switch (answer) {
    case 'identical':
      return [
        `✅ IDENTICAL: the same ${countText(bytes)} bytes came out`,
        `   sha256 ${sha256.recorded}`,
        `   computed by ${computedBy.again}`,
      ]
    case 'equal':
      return ['✅ EQUAL within tolerance: other bytes, the same answers', ...apart, ...errors]
    case 'different':
      return [
        '❌ DIFFERENT: another model came out',
        ...apart,
        ...errors,
        `   sha256 ${sha256.recorded} then, ${sha256.again} now`,
      ]
    case 'impossible':
      return ['❌ IMPOSSIBLE: it cannot be trained again']
    case 'changed':
      return ['❌ CHANGED: the same would not come out; nothing was trained']
    case 'perhaps':
      return [
        '❔ MAY HAVE CHANGED: its run recorded too little to tell whether the same would come out; nothing was trained',
      ]
    case 'unchanged':
      return ['✅ UNCHANGED: all that decides the outcome is as it was; nothing was trained']
  }
}

function distanceLine(
  { rows: count, mean, largest, allowed }: NonNullable<Reproduction['distance']>,
  { unit, rows }: Omit<Manner, 'columns'>,
): string {
  const text = figureWriter([mean, largest])
  const limit = figureWriter([allowed.mean, allowed.largest])
  return `   on ${countText(count)} ${rows} it learnt, answers are ${text(mean)} ${unit} apart on average and ${text(largest)} at most (equal: up to ${limit(allowed.mean)} and ${limit(allowed.largest)})`
}
