// A further thread of a kernel team: waits for a call, makes it, says that it has, and waits again.
import { parentPort, workerData } from 'node:worker_threads'
import { CONTROL, callable, type ThreadData } from './kernel-team.ts'

const { module, memory, control, names, thread, threads } = workerData as ThreadData // from `startThreads`, its only caller
const instance = new WebAssembly.Instance(module, { env: { memory } })
const words = new Int32Array(control, 0, CONTROL.words)
const args = new Float64Array(control, CONTROL.words * 4)
parentPort?.postMessage('ready')
for (let seen = 0; ; ) {
  Atomics.wait(words, CONTROL.calls, seen)
  if (Atomics.load(words, CONTROL.calls) === seen) continue
  seen += 1 // the next call is not made before this one has ended
  try {
    const name = names[words[CONTROL.function]!] ?? '' // written before the call was announced
    callable(instance, name)(thread, threads, ...args.subarray(0, words[CONTROL.argumentCount]))
  } catch {
    Atomics.store(words, CONTROL.failed, 1)
  }
  Atomics.add(words, CONTROL.finished, 1)
  Atomics.notify(words, CONTROL.finished)
}
