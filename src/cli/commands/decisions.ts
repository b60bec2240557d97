// What waits for a person, and the person's answers: `decisions`, `decide`, `rollback`.
import { z } from 'zod'
import { countText } from '../../evaluation/figures.ts'
import { PlannedError } from '../../kernel/errors.ts'
import { type Answered, answerDecision } from '../../lifecycle/answer.ts'
import { CHOICES } from '../../lifecycle/decision-flow.ts'
import { type DecisionView, decisionsOf } from '../../lifecycle/decisions.ts'
import { RECIPE } from '../../lifecycle/recipe-lines.ts'
import { rollbackByHand } from '../../lifecycle/rollback.ts'
import type { Transition } from '../../tracking/port.ts'
import { type CommandContext, defineCommand } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { withProgress } from '../progress.ts'
import { By, byOption, Why, whyOption } from '../reasons.ts'
import { errorText, figuresOf, firstModelReport } from '../report-cycle.ts'
import { textTable, wrapped } from '../table.ts'

/** `understudy decisions [--all]` */
export const decisionsCommand = defineCommand({
  name: 'decisions',
  summary: 'what waits for a person: the evidence, and what each answer would do',
  example: 'decisions --all',
  options: [['--all', 'those that were answered or closed too, of every model']],
  args: z.object({ all: z.boolean().default(false) }),
  async run({ all }, context) {
    const rooms = await context.rooms()
    const found = await decisionsOf(rooms, all ? { all } : { model: context.settings().model })
    if (context.terminal.json) return context.terminal.out(JSON.stringify(found))
    if (found.length === 0) {
      return context.terminal.out(
        all
          ? 'nobody was ever asked'
          : `nothing of ${context.settings().model} waits for a person (--all lists what was decided before, and other models)`,
      )
    }
    context.terminal.out(found.map((decision) => decisionText(decision, context).join('\n')).join('\n\n'))
  },
})

const setOption = [
  '--set <key=value...>',
  'for retrain: SEED, TRAINERS, TRAIN_WINDOW, REFIT, or what a trainer has, such as mlp.learning_rate',
] as const

/** `understudy decide 3 promote --why "…"` */
export const decideCommand = defineCommand({
  name: 'decide',
  summary: 'answer what waits: promote, keep, retrain or rollback',
  example: "decide 3 retrain --set SEED=1 --why 'the losses were still falling'",
  positional: [
    ['<id>', 'the number of the decision; ./understudy decisions lists them'],
    ['<answer>', 'what to do; ./understudy decisions says what is possible'],
  ],
  options: [setOption, whyOption, byOption],
  args: z.object({
    id: wholeNumber('is the number of a decision; ./understudy decisions lists them'),
    answer: z.enum(CHOICES, { error: 'is promote, keep, retrain or rollback' }),
    set: z.array(z.string()).default([]),
    why: Why,
    by: By,
  }),
  async run({ id, answer: choice, set, why, by }, context) {
    const rooms = await context.rooms()
    const request = { id, choice, why, by: by ?? context.user, set: pairsOf(set) }
    const answered = await withProgress(context, (watch) => answerDecision(rooms, request, watch))
    context.terminal.out(
      context.terminal.json
        ? JSON.stringify(answered)
        : answeredText(answered, rooms.project.row.many, context).join('\n'),
    )
  },
})

/** `understudy rollback [--to 3] --why "…"` */
export const rollbackCommand = defineCommand({
  name: 'rollback',
  summary: 'move Production back to the version that was there before',
  example: "rollback --why 'the new one fails at night'",
  positional: [['[model]', "the model (default: the project's)"]],
  options: [['--to <version>', 'a version that was in Production (default: the one before)'], whyOption, byOption],
  args: z.object({
    model: z.string().optional(),
    to: wholeNumber('--to is the number of a version').nullable().default(null),
    why: Why,
    by: By,
  }),
  async run({ model: named, to, why, by }, context) {
    const model = named ?? context.settings().model
    const rooms = await context.rooms()
    const moves = await rollbackByHand(rooms, { model, to, actor: by ?? context.user, reason: why })
    if (context.terminal.json) return context.terminal.out(JSON.stringify(moves))
    context.terminal.out(
      [...moves.map(moveText), 'the next month is compared with it, and no training starts from what it replaced'].join(
        '\n',
      ),
    )
  },
})

/** `KEY=VALUE` as typed, by key. */
function pairsOf(texts: readonly string[]): Record<string, string> {
  const twice = texts.find((text, at) => texts.slice(0, at).some((one) => one.split('=')[0] === text.split('=')[0]))
  if (twice !== undefined) {
    throw new PlannedError('BAD_INPUT', `--set ${twice.split('=')[0]} is given twice`, { next: 'say it once' })
  }
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=')
      if (at < 1) throw new PlannedError('BAD_INPUT', `--set ${text} is no setting`, { next: 'write it as KEY=VALUE' })
      return [text.slice(0, at), text.slice(at + 1)]
    }),
  )
}

/** A move in the recipe's words. */
const moveText = ({ name, version, from, to }: Transition): string => RECIPE.transitioned(name, version, from, to)

function decisionText(decision: DecisionView, { terminal, project, settings }: CommandContext): string[] {
  const { id, model, month, status, because, choices } = decision
  const asked = new Date(decision.askedAtMs).toISOString().slice(0, 16).replace('T', ' ')
  const head = `decision ${id}: ${model}, ${decision.kind === 'cycle' ? month : `first model, learnt ${month}`}, asked ${asked} UTC`
  const state = status === 'open' ? [] : wrapped(`${status}: ${because}`, terminal.columns)
  const answers = choices.map(({ choice, effect, isPossible }) => [
    `  ${choice}`,
    isPossible ? effect : `not possible: ${effect}`,
  ])
  return [
    head,
    ...state,
    ...evidenceText(decision, model === settings().model ? project.row.many : 'rows', terminal.columns),
    ...(status === 'open'
      ? ['', ...textTable(answers), `  answer with: ./understudy decide ${id} keep --why "…"`]
      : []),
  ]
}

function evidenceText({ cycle, firstModel: first }: DecisionView, rows: string, columns: number): string[] {
  if (cycle !== null) return [...wrapped(cycle.reason, columns), ...figuresOf(cycle, rows)]
  if (first === null) return ['its evidence is not on record yet; give the command that asked again']
  const { unit } = first.metric
  const measured = `MAE ${errorText(first.error)} ${unit} on ${countText(first.holdoutRows)} ${rows}; the threshold is ${first.threshold} ${unit}`
  return [...wrapped(first.reason, columns), `v${first.version}: ${measured}`]
}

function answeredText(answered: Answered, rows: string, context: CommandContext): string[] {
  const { decision, moves, cycle, firstModel } = answered
  const { answer } = decision
  const said = `decision ${decision.id} is answered: ${answer?.choice}, by ${answer?.by}: ${answer?.why}`
  const { columns } = context.terminal
  return [
    ...moves.map(moveText),
    ...wrapped(said, columns),
    ...(cycle === null
      ? []
      : [
          '',
          ...wrapped(`the further look: ${cycle.verdict}. ${[cycle.reason, ...cycle.notes].join(' ')}`, columns),
          ...figuresOf(cycle, rows),
        ]),
    ...(firstModel === null ? [] : [firstModelReport(firstModel, rows, columns)]),
    ...[cycle?.decision, firstModel?.decision].flatMap((next) =>
      next === null || next === undefined ? [] : [`a person is asked again: ./understudy decide ${next} …`],
    ),
  ]
}
