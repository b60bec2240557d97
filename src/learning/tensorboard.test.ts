import { expect, test } from 'vitest'
import { eventFile } from './tensorboard.ts'

/** What TensorFlow 2.21's own writer makes of the same three messages. */
const TENSORFLOW = [
  '1800000000000000a37f4b2209000020802329d5411a0d627261696e2e4576656e743a326817732c1e00000000000000d9dc',
  '123209000020802329d5412a130a110a0a65706f63685f6c6f7373150000204091a9b00d200000000000000029eda9500900',
  '0020802329d54110ac022a120a100a0965706f63685f6d616515cdcccc3db4d7fdeb',
].join('')

test("an event file is TensorFlow's own, byte for byte", () => {
  const scalars = [
    { tag: 'epoch_loss', step: 0, value: 2.5 },
    { tag: 'epoch_mae', step: 300, value: 0.1 },
  ]
  expect(Buffer.from(eventFile(scalars, 1_420_070_400_500)).toString('hex')).toBe(TENSORFLOW)
})
