// `promote`: a version moved to Production by hand.
import { z } from 'zod'
import { PlannedError } from '../../kernel/errors.ts'
import { promoteByHand } from '../../lifecycle/promote-by-hand.ts'
import { RECIPE } from '../../lifecycle/recipe-lines.ts'
import { isReplay } from '../../lifecycle/replay.ts'
import { defineCommand } from '../command.ts'
import { wholeNumber } from '../numbers.ts'
import { By, byOption, Why, whyOption } from '../reasons.ts'

/** `understudy promote taxifare --version 1 --why "…"` */
export const promoteCommand = defineCommand({
  name: 'promote',
  example: "promote --version 3 --why 'the month before was a holiday'",
  summary: 'move a version to Production by hand; the one there is archived',
  positional: [['[model]', "the model (default: the project's)"]],
  options: [['--version <number>', 'the version (required)'], whyOption, byOption],
  args: z.object({
    model: z.string().optional(),
    version: wholeNumber('--version says which version; ./understudy models lists them'),
    why: Why,
    by: By,
  }),
  async run({ model: named, version, why, by }, context) {
    const model = named ?? context.settings().model
    if (isReplay(model)) {
      throw new PlannedError('BAD_INPUT', `${model} belongs to a replay, which nobody decides for`, {
        next: 'name a real model; ./understudy status lists them',
      })
    }
    const rooms = await context.rooms()
    const { moves, warning } = await promoteByHand(rooms, { model, version, actor: by ?? context.user, reason: why })
    if (warning !== null) context.terminal.warn(`⚠️  ${warning}`)
    if (context.terminal.json) return context.terminal.out(JSON.stringify(moves))
    context.terminal.out(
      moves.length === 0
        ? `${model} v${version} is in Production already`
        : moves.map((move) => RECIPE.transitioned(move.name, move.version, move.from, move.to)).join('\n'),
    )
  },
})
