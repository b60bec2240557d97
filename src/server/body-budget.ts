// The memory that bodies under way may take together, over all connections: each is small enough, many of them need not be.
import { giveBackSoon } from '../kernel/give-back.ts'
import { MlflowError } from '../mlflow/error.ts'

const MEBIBYTE = 1024 * 1024
/** Bytes that all bodies may hold at once. */
const MAX_HELD_BYTES = 256 * MEBIBYTE
/** Bytes of each body that do not count, so that small requests are answered however many large ones are under way. */
const FREE_BYTES = 64 * 1024
/** What a piece costs beside its bytes: there may be one for every byte. */
const PIECE_BYTES = 256
/** Once bodies have held as much as this, what they leave behind is collected when they have ended. */
const LARGE_BYTES = 16 * MEBIBYTE

/** Said, with 503, to a client whose body finds no room. */
export class Crowded extends MlflowError {
  constructor() {
    super('TEMPORARILY_UNAVAILABLE', 'The server is receiving too many large requests at once. Please try again.')
  }
}

/** What one body holds, until it is disposed of. */
export interface HeldBody extends Disposable {
  /** Another piece has come. Throws `Crowded` if there is no room for it. */
  add(bytes: number): void
}

/** Counts the bytes of bodies under way. `giveBack` is called when they have ended, if they held much. */
export function openBodyBudget(giveBack: () => void, maxBytes: number = MAX_HELD_BYTES): { hold(): HeldBody } {
  let heldBytes = 0
  let mostBytes = 0
  return {
    hold() {
      let bytes = 0
      let counted = 0
      return {
        add(more) {
          bytes += more + PIECE_BYTES
          const newly = Math.max(0, bytes - FREE_BYTES) - counted
          if (heldBytes + newly > maxBytes) throw new Crowded()
          counted += newly
          heldBytes += newly
          mostBytes = Math.max(mostBytes, heldBytes)
        },
        [Symbol.dispose]() {
          heldBytes -= counted
          counted = 0
          if (heldBytes > 0 || mostBytes < LARGE_BYTES) return
          mostBytes = 0
          giveBack()
        },
      }
    },
  }
}

let collecting: Disposable | undefined
/** The budget of this process. */
const budget = openBodyBudget(() => {
  collecting?.[Symbol.dispose]()
  collecting = giveBackSoon()
})

/** Begins to count one body. */
export function holdBody(): HeldBody {
  return budget.hold()
}
