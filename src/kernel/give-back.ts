// Gives the memory back that something large took, such as starting: what it leaves behind, an idle server would keep for ever.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** Once it has settled. */
const WAIT_MS = 1000

/** Collects what is left over, once, when nobody waits for it any more; unless stopped before. */
export function giveBackSoon(): Disposable {
  const timer = setTimeout(() => {
    setFlagsFromString('--expose-gc') // the collector has no other door
    const collect: unknown = runInNewContext('gc')
    if (typeof collect === 'function') collect({ type: 'major', flavor: 'last-resort' })
  }, WAIT_MS)
  timer.unref()
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
