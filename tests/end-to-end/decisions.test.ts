// A person decides, at the terminal.
import { expect, test } from 'vitest'
import type { DecisionView } from '../../src/lifecycle/decisions.ts'
import type { CycleOutcome } from '../../src/lifecycle/outcome.ts'
import type { Transition } from '../../src/tracking/port.ts'
import { openProgram } from './program.ts'

const SMALL = { UNDERSTUDY_PROJECT: 'tests/deliveries/project.ts', TRAINERS: 'linear' }
const GOOD_ENOUGH_FOR_NOBODY = { GATE_THRESHOLD: '0.5' }

test('asked, looked at again with other settings, kept, rolled back: each is said, and kept with who and why', {
  timeout: 60_000,
}, async () => {
  await using program = await openProgram(SMALL)
  await program.json(['cycle', '--month', '2020-04'])
  await program.json(['cycle', '--month', '2020-05'])
  const asking = await program.json<CycleOutcome>(['cycle', '--month', '2020-06'], GOOD_ENOUGH_FOR_NOBODY)
  expect(asking).toMatchObject({ verdict: 'escalate', decision: 1 })

  const listed = await program.run(['decisions'])
  expect(listed.out).toContain('decision 1: deliveries, 2020-06, asked ')
  expect(listed.out).toMatch(/^ {2}promote {3}v\d goes to Production, v\d is archived$/m)
  expect(listed.out).toContain('./understudy decide 1 keep --why')

  const nothing = await program.run(['decide', '1', 'retrain', '--why', 'x'])
  expect(nothing).toMatchObject({ code: 2, out: '' })
  expect(nothing.err).toContain('--set SEED=1')
  expect((await program.run(['decide', '1', 'keep'])).err).toContain('--why')

  const further = await program.run(['decide', '1', 'retrain', '--set', 'ridge=0.01', '--why', 'x', '--by', 'ana'])
  expect(further.out).toContain('decision 1 is answered: retrain, by ana: x')
  expect(further.out).toContain('97.5 % interval')
  expect(further.out).toContain('./understudy decide 2')

  const twice = await program.run(['decide', '1', 'promote', '--why', 'y'])
  expect(twice).toMatchObject({ code: 4, out: '' })
  expect(twice.err).toMatch(/ana chose retrain on .*, because "x"/)

  const kept = await program.json<{ decision: DecisionView }>(['decide', '2', 'keep', '--why', 'enough'])
  expect(kept.decision).toMatchObject({ status: 'answered', answer: { choice: 'keep', why: 'enough' } })
  expect((await program.run(['decisions'])).out).toContain('nothing of deliveries waits for a person')
  expect(await program.json<DecisionView[]>(['decisions', '--all'])).toHaveLength(2)

  const back = await program.run(['rollback', '--why', 'complaints', '--by', 'ben'])
  expect(back.out).toMatch(/^✅ Model deliveries version \d transitioned from Archived to Production$/m)
  const history = await program.json<Transition[]>(['history'])
  expect(history.at(-1)).toMatchObject({ to: 'Production', actor: 'ben', reason: 'complaints' })
})
