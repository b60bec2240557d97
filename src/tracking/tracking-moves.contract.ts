// The laws of moving versions between stages, and of the history of it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Cause, Move, Stage } from './port.ts'
import { CAUSE, MODEL, NOON_MS, type OpenBed, registered, stagesOf } from './tracking-bed.ts'

const ANY_STAGE = fc.constantFrom<Stage>('None', 'Staging', 'Production', 'Archived')
const move = (version: number, to: Stage, expect?: Stage): Move =>
  expect === undefined ? { version, to, cause: CAUSE } : { version, to, cause: CAUSE, expect }

export function moveLaws(open: OpenBed, share: number): void {
  moving(open)
  movingOften(open, share)
  refusing(open)
  remembering(open)
  noticing(open)
}

function moving(open: OpenBed): void {
  test('a move is made, returned and remembered with who, why, what they knew and when', async () => {
    const { tracking, clock } = await open()
    await registered(tracking)
    clock.advance(7)
    const moved = await tracking.move(MODEL, [move(1, 'Staging', 'None')])
    expect(moved).toEqual([
      { id: 1, name: MODEL, version: 1, from: 'None', to: 'Staging', ...CAUSE, atMs: NOON_MS + 7 },
    ])
    expect(await tracking.history(MODEL)).toEqual(moved)
    expect((await tracking.version(MODEL, 1)).stage).toBe('Staging')
  })

  test('a move that expects to replace another version than the one there, or none, is a conflict and moves nothing', async () => {
    const { tracking } = await open()
    await registered(tracking, 3)
    await tracking.move(MODEL, [{ ...move(1, 'Production'), replaces: null }])
    for (const replaces of [null, 3]) {
      const refused = tracking.move(MODEL, [{ ...move(2, 'Production'), replaces }])
      await expect(refused).rejects.toMatchObject({ code: 'CONFLICT', facts: { found: 1, expected: replaces } })
    }
    expect(await stagesOf(tracking)).toEqual(['Production', 'None', 'None'])
    await tracking.move(MODEL, [{ ...move(2, 'Production'), replaces: 1 }])
    expect(await stagesOf(tracking)).toEqual(['Archived', 'Production', 'None'])
  })

  test.each(['Production', 'Staging'] as const)(
    'entering %s archives the version that was there, in its own row with the same cause',
    async (stage) => {
      const { tracking } = await open()
      await registered(tracking, 2)
      await tracking.move(MODEL, [move(1, stage)])
      const second: Cause = { actor: 'cycle', reason: 'superseded', evidence: [1] }
      const moved = await tracking.move(MODEL, [{ version: 2, to: stage, cause: second }])
      expect(moved).toMatchObject([
        { version: 1, from: stage, to: 'Archived', ...second },
        { version: 2, from: 'None', to: stage, ...second },
      ])
      expect(await stagesOf(tracking)).toEqual(['Archived', stage])
    },
  )

  test('moves of one call keep their own causes, and a version moved by name is not archived as well', async () => {
    const { tracking } = await open()
    await registered(tracking, 2)
    await tracking.move(MODEL, [move(1, 'Production'), move(2, 'Staging')])
    const back: Cause = { actor: 'anna', reason: 'kept at hand', evidence: null }
    const moved = await tracking.move(MODEL, [move(2, 'Production'), { version: 1, to: 'Staging', cause: back }])
    expect(moved).toHaveLength(2)
    expect(moved.find((transition) => transition.version === 1)).toMatchObject({
      from: 'Production',
      to: 'Staging',
      ...back,
    })
    expect(moved.find((transition) => transition.version === 2)).toMatchObject({
      from: 'Staging',
      to: 'Production',
      ...CAUSE,
    })
    expect(await stagesOf(tracking)).toEqual(['Staging', 'Production'])
  })

  test('moving a version to where it is changes nothing, and neither does no move at all', async () => {
    const { tracking } = await open()
    await registered(tracking)
    await tracking.move(MODEL, [move(1, 'Production')])
    expect(await tracking.move(MODEL, [move(1, 'Production', 'Production')])).toEqual([])
    expect(await tracking.move(MODEL, [])).toEqual([])
    expect(await tracking.history(MODEL)).toHaveLength(1)
  })
}

function movingOften(open: OpenBed, share: number): void {
  test('the models of one store do not touch each other', async () => {
    const { tracking } = await open()
    const [version] = await registered(tracking)
    await tracking.registerVersion({ name: 'other', runId: version?.runId ?? '', path: 'model' })
    await tracking.move(MODEL, [move(1, 'Production')])
    await tracking.move('other', [move(1, 'Production')])
    expect(await stagesOf(tracking)).toEqual(['Production'])
    expect(await tracking.history('other')).toMatchObject([{ name: 'other', from: 'None', to: 'Production' }])
    expect(await tracking.history(MODEL)).toHaveLength(1)
  })

  test('a move with an effect key happens once, whatever happened since', async () => {
    const { tracking, openAgain } = await open()
    await registered(tracking, 2)
    const moved = await tracking.move(MODEL, [move(1, 'Production', 'None')], 'flow-1/transition')
    await tracking.move(MODEL, [move(2, 'Production')])
    const other = await openAgain()
    expect(await tracking.move(MODEL, [move(1, 'Production', 'None')], 'flow-1/transition')).toEqual(moved)
    expect(await other.move(MODEL, [move(1, 'Production', 'None')], 'flow-1/transition')).toEqual(moved)
    expect(await stagesOf(tracking)).toEqual(['Archived', 'Production'])
    expect(await tracking.history(MODEL)).toHaveLength(3)
  })

  test('whatever is moved, at most one version is in Production and one in Staging, and the history explains every stage', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), ANY_STAGE), { maxLength: 10 }),
        async (steps) => {
          const { tracking } = await open()
          await registered(tracking, 3)
          for (const [version, to] of steps) await tracking.move(MODEL, [move(version, to)])
          const stages = await stagesOf(tracking)
          expect(stages.filter((stage) => stage === 'Production').length).toBeLessThanOrEqual(1)
          expect(stages.filter((stage) => stage === 'Staging').length).toBeLessThanOrEqual(1)
          const replayed: Stage[] = ['None', 'None', 'None']
          for (const { version, from, to } of await tracking.history(MODEL)) {
            expect(replayed[version - 1]).toBe(from)
            replayed[version - 1] = to
          }
          expect(replayed).toEqual(stages)
        },
      ),
      { seed: 20_260_822, numRuns: Math.ceil(12 * share) },
    )
  })
}

function refusing(open: OpenBed): void {
  test('all moves happen or none: a version elsewhere than expected is CONFLICT and says where it is', async () => {
    const { tracking } = await open()
    await registered(tracking, 2)
    await tracking.move(MODEL, [move(1, 'Production')])
    const before = await tracking.history(MODEL)
    const refused = tracking.move(MODEL, [move(1, 'Archived'), move(2, 'Production', 'Staging')], 'key')
    await expect(refused).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringMatching(/v2 is in None, not in Staging/),
    })
    const missing = tracking.move(MODEL, [move(1, 'Archived'), move(9, 'Production')])
    await expect(missing).rejects.toMatchObject({ code: 'NOT_FOUND', message: expect.stringContaining('version 9') })
    await expect(tracking.move('nothing', [move(1, 'Production')])).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await tracking.history(MODEL)).toEqual(before)
    expect(await stagesOf(tracking)).toEqual(['Production', 'None'])
    expect(await tracking.move(MODEL, [move(2, 'Staging')], 'key')).toHaveLength(1) // the refused effect did not happen
  })

  test('of two who both saw a version in Staging one promotes it and the other is told', async () => {
    const { tracking, openAgain } = await open()
    await registered(tracking)
    await tracking.move(MODEL, [move(1, 'Staging')])
    const other = await openAgain()
    const tries = [
      tracking.move(MODEL, [move(1, 'Production', 'Staging')]),
      other.move(MODEL, [move(1, 'Archived', 'Staging')]),
    ]
    const outcomes = await Promise.allSettled(tries)
    expect(outcomes.map((outcome) => outcome.status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(outcomes.find((outcome) => outcome.status === 'rejected')?.reason).toMatchObject({ code: 'CONFLICT' })
    expect(await tracking.history(MODEL)).toHaveLength(2)
  })

  test('moves that contradict each other or give no reason are refused', async () => {
    const { tracking } = await open()
    await registered(tracking, 2)
    const silent = { ...CAUSE, reason: ' ' }
    for (const moves of [
      [move(1, 'Staging'), move(1, 'Production')],
      [move(1, 'Production'), move(2, 'Production')],
      [{ version: 1, to: 'Staging' as const, cause: silent }],
      [{ version: 1, to: 'Staging' as const, cause: { ...CAUSE, actor: '' } }],
    ]) {
      await expect(tracking.move(MODEL, moves)).rejects.toMatchObject({ code: 'BAD_INPUT' })
    }
    expect(await tracking.history(MODEL)).toEqual([])
  })
}

function remembering(open: OpenBed): void {
  test('the history keeps evidence and words of any kind, and what a version was remains after it is deleted', async () => {
    const { tracking, deleteModelOutside } = await open()
    await registered(tracking)
    const cause: Cause = {
      actor: 'zoë',
      reason: 'it\'s "better" 🚕; drop table',
      evidence: { b: [1, null, 'é'], a: { deep: -0.5 } },
    }
    const moved = await tracking.move(MODEL, [{ version: 1, to: 'Production', cause }])
    await tracking.move(MODEL, [move(1, 'Archived')])
    await deleteModelOutside(MODEL)
    const history = await tracking.history(MODEL)
    expect(history[0]).toEqual(moved[0])
    expect(history[0]).toMatchObject(cause)
    expect(history).toHaveLength(2)
    expect(await tracking.noticeOutsideMoves(MODEL)).toEqual([])
  })
}

function noticing(open: OpenBed): void {
  test('a move made elsewhere is noticed once, with the time it was seen', async () => {
    const { tracking, clock, moveOutside } = await open()
    await registered(tracking, 2)
    await tracking.move(MODEL, [move(1, 'Production')])
    expect(await tracking.noticeOutsideMoves(MODEL)).toEqual([])
    await moveOutside(MODEL, 2, 'Production')
    clock.advance(1000)
    const noticed = await tracking.noticeOutsideMoves(MODEL)
    expect(noticed).toMatchObject([{ version: 2, from: 'None', to: 'Production', atMs: NOON_MS + 1000 }])
    expect(noticed[0]?.reason).toBe('moved outside Understudy, seen at 2015-01-31T12:00:01.000Z')
    expect(await tracking.noticeOutsideMoves(MODEL)).toEqual([])
    expect(await tracking.history(MODEL)).toHaveLength(2)
    expect(await tracking.noticeOutsideMoves('nothing')).toEqual([])
  })

  test('a move of ours first notices what others did, then holds them to one version per stage', async () => {
    const { tracking, moveOutside } = await open()
    await registered(tracking, 3)
    await tracking.move(MODEL, [move(1, 'Production')])
    await moveOutside(MODEL, 2, 'Production')
    const moved = await tracking.move(MODEL, [move(3, 'Production')])
    expect(moved).toMatchObject([
      { version: 1, from: 'Production', to: 'Archived' },
      { version: 2, from: 'Production', to: 'Archived' },
      { version: 3, from: 'None', to: 'Production' },
    ])
    expect((await tracking.history(MODEL)).map(({ version, to }) => `${version} ${to}`)).toEqual([
      '1 Production',
      '2 Production', // noticed
      '1 Archived',
      '2 Archived',
      '3 Production',
    ])
    expect(await tracking.noticeOutsideMoves(MODEL)).toEqual([])
  })

  test('a version deleted elsewhere leaves its stage in the history', async () => {
    const { tracking, deleteOutside, deleteModelOutside } = await open()
    await registered(tracking, 3)
    await tracking.move(MODEL, [move(1, 'Production'), move(2, 'Staging')])
    await deleteOutside(MODEL, 1)
    const deleted = [
      { version: 1, from: 'Production', to: 'Archived', reason: expect.stringMatching(/^deleted outside/) },
    ]
    expect(await tracking.noticeOutsideMoves(MODEL)).toMatchObject(deleted)
    await deleteModelOutside(MODEL)
    expect(await tracking.noticeOutsideMoves(MODEL)).toMatchObject([{ version: 2, from: 'Staging', to: 'Archived' }])
    expect(await tracking.noticeOutsideMoves(MODEL)).toEqual([])
  })
}
