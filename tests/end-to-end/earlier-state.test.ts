// A state that an earlier build left is opened by this one: it answers as then, and goes on.
import { expect, test } from 'vitest'
import { openState, readSaid } from '../fixtures/state.ts'
import { expectWhole } from './whole-home.ts'

test('it shows the models, the history and what waits for a person, and predicts the same', {
  timeout: 60_000,
}, async () => {
  await using program = await openState()
  const said = readSaid()
  expect(await program.json(['models'])).toMatchObject(said.models.map(({ version, stage }) => ({ version, stage })))
  const history = said.history.map(({ version, from, to, reason, atMs }) => ({ version, from, to, reason, atMs }))
  expect(await program.json(['history'])).toMatchObject(history)
  expect(await program.json(['decisions'])).toMatchObject(said.decisions.map(({ id }) => ({ id })))
  expect(await program.json(['predict'])).toMatchObject(said.predict)
  const months = await program.json<{ months: unknown[] }>(['monitor'])
  expect(months.months).toHaveLength(2)
})

test('a person can answer, and the month that was decided is not decided again', { timeout: 60_000 }, async () => {
  await using program = await openState()
  const [waiting] = readSaid().decisions
  const answer = ['decide', String(waiting?.id), 'promote', '--why', 'it has been better all week']
  const decided = await program.run(answer)
  expect(decided.code, decided.err).toBe(0)
  const models = await program.json<{ version: number; stage: string }[]>(['models'])
  expect(models.find(({ stage }) => stage === 'Production')?.version).toBe(3)
  await program.run(['cycle', '--month', '2020-05'])
  expect(await program.json(['models'])).toHaveLength(models.length)
})

test('the next month is run, and the whole is as sound as one that this build began', { timeout: 60_000 }, async () => {
  await using program = await openState()
  const said = readSaid()
  const outcome = await program.json(['cycle', '--month', '2020-06'])
  expect(outcome).toMatchObject({ champion: { version: 1 }, challenger: { version: 4 } })
  const { moves } = await expectWhole(program.home, 'deliveries', 'after the next month')
  expect(moves.slice(0, said.history.length)).toEqual(
    said.history.map(({ version, from, to }) => `v${version} ${from} → ${to}`),
  )
})
