import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { ask, type Keyboard } from './ask.ts'

function keyboard(isTTY: boolean): Keyboard & { input: PassThrough; output: PassThrough } {
  return { input: Object.assign(new PassThrough(), { isTTY }), output: Object.assign(new PassThrough(), { isTTY }) }
}
const never = new AbortController().signal

test('the answer is the line that was typed', async () => {
  const { input, output } = keyboard(true)
  const answer = ask('Sure? ', { input, output }, never)
  input.write(' yes \nand more\n')
  expect(await answer).toBe('yes')
  expect(output.read().toString()).toBe('Sure? ')
})

test('nobody is asked where there is no keyboard, or no screen', async () => {
  const { input } = keyboard(true)
  const pipe = keyboard(false)
  expect(await ask('Sure? ', { input, output: pipe.output }, never)).toBeNull()
  expect(await ask('Sure? ', { input: pipe.input, output: keyboard(true).output }, never)).toBeNull()
  expect(pipe.output.read()).toBeNull()
})

test('an input that ends is no answer, and Ctrl-C is a cancellation', async () => {
  const closed = keyboard(true)
  const unanswered = ask('Sure? ', closed, never)
  closed.input.end()
  expect(await unanswered).toBeNull()
  const controller = new AbortController()
  const stopped = ask('Sure? ', keyboard(true), controller.signal)
  controller.abort()
  await expect(stopped).rejects.toMatchObject({ code: 'CANCELLED' })
})
