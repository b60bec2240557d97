// `reproduce`: trains again what a run recorded, and says whether the same comes out.
import { z } from 'zod'
import { countText, figureWriter } from '../../evaluation/figures.ts'
import { PlannedError } from '../../kernel/errors.ts'
import { type Reproduction, reproduce, type TrainingChoice } from '../../lifecycle/reproduce.ts'
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
  const next = 'give the id of a run, or --version with a number'
  if (run !== undefined && version !== undefined)
    throw new PlannedError('BAD_INPUT', `${run} and --version ${version} name two trainings`, { next })
  if (run !== undefined) return { runId: run }
  if (version !== undefined) return { version }
  throw new PlannedError('BAD_INPUT', 'no training is named', { next })
}

/** Answers that are no success: a script is to notice them. */
const FAILS: ReadonlySet<Reproduction['answer']> = new Set(['different', 'impossible', 'changed', 'perhaps'])

function notReproduced({ runId, answer, changes }: Reproduction): PlannedError {
  const whats = [...new Set(changes.filter(({ of }) => of !== 'means').map(({ what }) => what))]
  const means = [...new Set(changes.filter(({ of }) => of === 'means').map(({ what }) => what))]
  const changed = whats.length > 0 ? whats : means
  const has = answer === 'perhaps' ? 'may have changed' : 'has changed'
  const why = changed.length > 0 ? `what ${has}: ${changed.join(', ')}` : 'nothing that is recorded has changed'
  const what = {
    different: `training run ${runId} again gave another model`,
    impossible: `run ${runId} cannot be trained again`,
    changed: `run ${runId} would not be trained on the same again`,
    perhaps: `run ${runId} may not be trained on the same again`,
  }[answer as 'different' | 'impossible' | 'changed' | 'perhaps'] // `FAILS` holds these
  const next =
    answer === 'perhaps'
      ? `./understudy reproduce ${runId} trains it again, and tells`
      : changed.length > 0
        ? 'bring back what it rested on (./understudy data shows the rows, git its code), or train a version anew'
        : 'please report it: the same should have come out'
  return new PlannedError('CONFLICT', what, { why, next, facts: { run: runId, answer } })
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
