// The trees' kernels. Each function is called on all threads at once, unless it is called by one that is.
import { barrier } from './barrier'
import { addRecords, COLUMN_BYTES } from './trees-histogram'
import {
  BESTS, BIN_COUNTS, COLUMN_RANGES, COLUMNS, COUNT_BITS, DRAWN, DRAWN_AWAY, FIT, FIT_OTHER, FIT_ROWS, firstRecord, GATE, IS_GROWN, LEAF_AWAY,
  LEAF_BYTES, LEAF_COUNT, LEAF_GRADIENTS, LEAF_NODE, LEAF_ROWS, LEAF_SLOT, LEAF_SPLIT, LEAF_STOP_AWAY, LEAVES, leafAt, LEFT_OUT,
  NEXT_LEAF, NODES, NUMBER_AT, PARTS, segment, SLOTS, SPLIT_BIN, SPLIT_COLUMN, SPLIT_GAIN, SPLIT_GRADIENTS, SPLIT_MISSING_LEFT,
  SPLIT_ROWS, STOP, STOP_OTHER, STOP_ROWS, STOPPING, STRIDE, word,
} from './trees-plan'
import { part, partDrawn } from './trees-records'
import { findSplit } from './trees-splits'

export { addBlock, addRecords, gradients } from './trees-histogram'
export { addTree, lessen, resetResiduals } from './trees-residuals'
export { countKeys, leastAbove, orderedValues, takeRoot } from './trees-ordered'
export { binNumbers, makeRecords, part, partDrawn } from './trees-records'
export { findInColumn, findSplit } from './trees-splits'

/** Rows parted at a time: the smaller child's histogram finds them in the first-level cache. */
const PART_ROWS: usize = 512

/** All rows in the first place: the root's segments of a tree that all rows to fit are drawn for. */
export function drawAll(thread: i32, threads: i32, plan: usize): void {
  const stride = word(plan, STRIDE)
  setSegment(plan, DRAWN, thread, threads, word(plan, FIT), word(plan, FIT_ROWS), stride)
  const nothing = segment(plan, LEFT_OUT, thread, threads, 0)
  store<u64>(nothing, 0)
  setSegment(plan, STOPPING, thread, threads, word(plan, STOP), word(plan, STOP_ROWS), stride)
  if (thread == 0) store<u32>(plan + (DRAWN_AWAY << 2), 0)
}

function setSegment(plan: usize, kind: usize, thread: i32, threads: i32, records: usize, rows: usize, stride: usize): void {
  const at = segment(plan, kind, thread, threads, 0)
  store<u32>(at, records + firstRecord(rows, thread, threads) * stride)
  store<u32>(at, records + firstRecord(rows, thread + 1, threads) * stride, 4)
}

/** The root's segments of a tree that rows are drawn for: those whose hash is below `below`. They come to lie in the second place. */
export function draw(thread: i32, threads: i32, plan: usize, seed: i32, below: f64): void {
  drawAll(thread, threads, plan)
  const stride = word(plan, STRIDE)
  const drawn = segment(plan, DRAWN, thread, threads, 0)
  const from = <usize>load<u32>(drawn)
  const to = <usize>load<u32>(drawn, 4)
  const away = word(plan, FIT_OTHER)
  const count = partDrawn(from, to, stride, from + away, to + away, word(plan, NUMBER_AT), seed, below)
  const middle = from + away + <usize>count * stride
  store<u32>(drawn, from + away)
  store<u32>(drawn, middle, 4)
  const others = segment(plan, LEFT_OUT, thread, threads, 0)
  store<u32>(others, middle)
  store<u32>(others, to + away, 4)
  if (thread == 0) store<u32>(plan + (DRAWN_AWAY << 2), 1)
}

/** Begins a tree with its root, whose segments have been set. */
export function plant(
  thread: i32, threads: i32, plan: usize, inverse: f64, up: f64, zero: f64, down: f64, lambda: f64, leastGain: f64,
): void {
  const gate = word(plan, GATE)
  buildPart(plan, thread, threads, 0, inverse, <i64>up, <i64>zero, <i64>down)
  barrier(gate, threads)
  openRoot(plan, thread, threads)
  addParts(plan, thread, threads, 0)
  find(plan, thread, 0, 0, lambda, leastGain)
  barrier(gate, threads)
  takeBest(plan, thread, threads, 0, 0)
  if (thread != 0) return
  store<u32>(plan + (LEAF_COUNT << 2), 1)
  store<u32>(plan + (IS_GROWN << 2), 0)
}

/**
 * Grows the tree on, leaf by leaf, always at the leaf whose best split gains most, until it is grown or so many rows have been
 * parted: nobody can be told to stop meanwhile.
 */
export function grow(
  thread: i32, threads: i32, plan: usize, inverse: f64, up: f64, zero: f64, down: f64, lambda: f64, leastGain: f64, rows: f64,
): void {
  const gate = word(plan, GATE)
  const most = <i32>word(plan, LEAVES)
  let leaves = <i32>word(plan, LEAF_COUNT)
  let leaf = -1
  barrier(gate, threads) // before the first thread writes what all have read
  while (leaves < most && rows > 0) {
    leaf = leafToSplit(plan, thread, leaves)
    if (leaf < 0) break
    rows -= <f64>load<i32>(leafAt(plan, thread, leaf), LEAF_ROWS)
    const smaller = split(plan, thread, threads, leaf, leaves, inverse, <i64>up, <i64>zero, <i64>down)
    leaves += 1
    if (leaves == most) break // nobody will ask for its children's histograms
    barrier(gate, threads)
    addParts(plan, thread, threads, leaves - 1)
    subtract(plan, thread, leaf, leaves - 1, smaller)
    find(plan, thread, leaf, 0, lambda, leastGain)
    find(plan, thread, leaves - 1, 1, lambda, leastGain)
    barrier(gate, threads)
    takeBest(plan, thread, threads, leaf, 0)
    takeBest(plan, thread, threads, leaves - 1, 1)
  }
  if (thread != 0) return
  store<u32>(plan + (LEAF_COUNT << 2), leaves)
  store<u32>(plan + (IS_GROWN << 2), leaves == most || leaf < 0 ? 1 : 0)
  store<u32>(plan + (NEXT_LEAF << 2), 0)
}

/** Where a thread builds histograms: alone, the leaf's own place; of several, a place of its own, added up afterwards. */
function partOf(plan: usize, thread: i32, threads: i32, slot: i32): usize {
  const bytes = word(plan, COLUMNS) * COLUMN_BYTES
  return threads == 1 ? word(plan, SLOTS) + <usize>slot * bytes : word(plan, PARTS) + <usize>thread * bytes
}

/** The histogram of a thread's own rows of a leaf, which is the root here: others are built as they are parted. */
function buildPart(plan: usize, thread: i32, threads: i32, leaf: i32, inverse: f64, up: i64, zero: i64, down: i64): void {
  const to = partOf(plan, thread, threads, 0)
  memory.fill(to, 0, word(plan, COLUMNS) * COLUMN_BYTES)
  const own = segment(plan, DRAWN, thread, threads, leaf)
  const from = <usize>load<u32>(own)
  const count = (<usize>load<u32>(own, 4) - from) / word(plan, STRIDE)
  addRecords(plan, thread, to, from, <i32>count, inverse, up, zero, down)
}

/** The root's totals, by what all threads have found in the first column. */
function openRoot(plan: usize, thread: i32, threads: i32): void {
  const bins = load<u32>(word(plan, BIN_COUNTS)) + 1
  let sum: i64 = 0
  for (let other = 0; other < threads; other++) {
    const histogram = partOf(plan, other, threads, 0)
    for (let bin: u32 = 0; bin < bins; bin++) sum += load<i64>(histogram + (<usize>bin << 3))
  }
  const bits = <i64>word(plan, COUNT_BITS)
  const leaf = leafAt(plan, thread, 0)
  store<u32>(leaf, <u32>(sum & ((<i64>1 << bits) - 1)), LEAF_ROWS)
  store<u32>(leaf, 0, LEAF_NODE)
  store<u32>(leaf, 0, LEAF_SLOT)
  store<u32>(leaf, word(plan, DRAWN_AWAY), LEAF_AWAY)
  store<u32>(leaf, 0, LEAF_STOP_AWAY)
  store<i64>(leaf, sum >> bits, LEAF_GRADIENTS)
}

/** Adds the threads' histograms up, each thread those of its own columns. */
function addParts(plan: usize, thread: i32, threads: i32, slot: i32): void {
  if (threads == 1) return
  const bytes = word(plan, COLUMNS) * COLUMN_BYTES
  const to = word(plan, SLOTS) + <usize>slot * bytes
  const ranges = word(plan, COLUMN_RANGES) + (<usize>thread << 2)
  for (let column = <usize>load<u32>(ranges); column < <usize>load<u32>(ranges, 4); column++) {
    const from = column * COLUMN_BYTES
    const end = from + ((load<u32>(word(plan, BIN_COUNTS) + (column << 2)) + 1) << 3)
    for (let at = from; at < end; at += 16) {
      let sum = v128.load(word(plan, PARTS) + at)
      for (let other = 1; other < threads; other++) {
        sum = i64x2.add(sum, v128.load(word(plan, PARTS) + <usize>other * bytes + at))
      }
      v128.store(to + at, sum)
    }
  }
}

/** Leaves the histogram of the larger child where its parent's was: what remains without the smaller's. */
function subtract(plan: usize, thread: i32, leaf: i32, newLeaf: i32, smaller: i32): void {
  const bytes = word(plan, COLUMNS) * COLUMN_BYTES
  const larger = smaller == leaf ? newLeaf : leaf
  const from = word(plan, SLOTS) + <usize>load<u32>(leafAt(plan, thread, larger), LEAF_SLOT) * bytes
  const taken = word(plan, SLOTS) + <usize>newLeaf * bytes
  const ranges = word(plan, COLUMN_RANGES) + (<usize>thread << 2)
  for (let column = <usize>load<u32>(ranges); column < <usize>load<u32>(ranges, 4); column++) {
    const first = column * COLUMN_BYTES
    const end = first + ((load<u32>(word(plan, BIN_COUNTS) + (column << 2)) + 1) << 3)
    for (let at = first; at < end; at += 16) {
      v128.store(from + at, i64x2.sub(v128.load(from + at), v128.load(taken + at)))
    }
  }
}

/** The best split of a leaf by a thread's own columns. */
function find(plan: usize, thread: i32, leaf: i32, which: usize, lambda: f64, leastGain: f64): void {
  const at = leafAt(plan, thread, leaf)
  const histogram = word(plan, SLOTS) + <usize>load<u32>(at, LEAF_SLOT) * word(plan, COLUMNS) * COLUMN_BYTES
  const ranges = word(plan, COLUMN_RANGES) + (<usize>thread << 2)
  const to = word(plan, BESTS) + ((<usize>thread << 1) + which) * 64
  findSplit(plan, at, histogram, <usize>load<u32>(ranges), <usize>load<u32>(ranges, 4), to, lambda, leastGain)
}

/** Takes the best of the threads' splits into a thread's own list; of equal ones that of the first columns. */
function takeBest(plan: usize, thread: i32, threads: i32, leaf: i32, which: usize): void {
  let best = word(plan, BESTS) + which * 64
  for (let other = 1; other < threads; other++) {
    const found = word(plan, BESTS) + ((<usize>other << 1) + which) * 64
    if (load<f64>(found, SPLIT_GAIN) > load<f64>(best, SPLIT_GAIN)) best = found
  }
  memory.copy(leafAt(plan, thread, leaf) + LEAF_SPLIT, best, 32)
}

function leafToSplit(plan: usize, thread: i32, leaves: i32): i32 {
  let found = -1
  let best: f64 = 0
  for (let leaf = 0; leaf < leaves; leaf++) {
    const gain = load<f64>(leafAt(plan, thread, leaf) + LEAF_SPLIT, SPLIT_GAIN)
    if (gain <= best) continue
    best = gain
    found = leaf
  }
  return found
}

/**
 * Parts a leaf's rows: the left ones stay its own, the right ones become a new leaf's. Builds the histogram of the smaller child's
 * rows, those of this thread. Returns the smaller child.
 */
function split(
  plan: usize, thread: i32, threads: i32, leaf: i32, newLeaf: i32, inverse: f64, up: i64, zero: i64, down: i64,
): i32 {
  const left = leafAt(plan, thread, leaf)
  const right = leafAt(plan, thread, newLeaf)
  const best = left + LEAF_SPLIT
  const column = <usize>load<u32>(best, SPLIT_COLUMN)
  const shift = load<i32>(best, SPLIT_MISSING_LEFT) != 0 ? 256 - <i32>load<u32>(word(plan, BIN_COUNTS) + (column << 2)) : 0
  const most = load<i32>(best, SPLIT_BIN) + shift
  const leftRows = load<i32>(best, SPLIT_ROWS)
  const rightRows = load<i32>(left, LEAF_ROWS) - leftRows
  const smaller = leftRows <= rightRows ? leaf : newLeaf
  const to = partOf(plan, thread, threads, newLeaf)
  memory.fill(to, 0, word(plan, COLUMNS) * COLUMN_BYTES)
  partSegment(plan, DRAWN, thread, threads, leaf, newLeaf, column, shift, most, to, smaller, inverse, up, zero, down)
  partSegment(plan, LEFT_OUT, thread, threads, leaf, newLeaf, column, shift, most, 0, 0, 0, 0, 0, 0)
  partSegment(plan, STOPPING, thread, threads, leaf, newLeaf, column, shift, most, 0, 0, 0, 0, 0, 0)
  if (thread == 0) writeNode(plan, left, newLeaf)
  const slot = load<u32>(left, LEAF_SLOT)
  store<u32>(right, smaller == leaf ? slot : newLeaf, LEAF_SLOT)
  store<u32>(left, smaller == leaf ? newLeaf : slot, LEAF_SLOT)
  store<u32>(left, load<u32>(left, LEAF_AWAY) ^ 1, LEAF_AWAY)
  store<u32>(right, load<u32>(left, LEAF_AWAY), LEAF_AWAY)
  store<u32>(left, load<u32>(left, LEAF_STOP_AWAY) ^ 1, LEAF_STOP_AWAY)
  store<u32>(right, load<u32>(left, LEAF_STOP_AWAY), LEAF_STOP_AWAY)
  store<i32>(left, leftRows, LEAF_ROWS)
  store<i32>(right, rightRows, LEAF_ROWS)
  const leftGradients = load<i64>(best, SPLIT_GRADIENTS)
  store<i64>(right, load<i64>(left, LEAF_GRADIENTS) - leftGradients, LEAF_GRADIENTS)
  store<i64>(left, leftGradients, LEAF_GRADIENTS)
  store<u32>(left, 2 * newLeaf - 1, LEAF_NODE)
  store<u32>(right, 2 * newLeaf, LEAF_NODE)
  return smaller
}

/** A split among the nodes; its children come behind all that are there. */
function writeNode(plan: usize, leaf: usize, newLeaf: i32): void {
  const node = word(plan, NODES) + load<u32>(leaf, LEAF_NODE) * 32
  const best = leaf + LEAF_SPLIT
  store<i32>(node, load<i32>(best, SPLIT_COLUMN))
  store<i32>(node, load<i32>(best, SPLIT_BIN), 4)
  store<i32>(node, load<i32>(best, SPLIT_MISSING_LEFT), 8)
  store<i32>(node, 2 * newLeaf - 1, 12)
  store<f64>(node, load<f64>(best, SPLIT_GAIN), 16)
}

/** Parts a thread's own records of a kind, from the place they lie in to the other one, and adds the smaller child's to `histogram`. */
function partSegment(
  plan: usize, kind: usize, thread: i32, threads: i32, leaf: i32, newLeaf: i32, column: usize, shift: i32, most: i32, histogram: usize,
  smaller: i32, inverse: f64, up: i64, zero: i64, down: i64,
): void {
  const stride = word(plan, STRIDE)
  const own = segment(plan, kind, thread, threads, leaf)
  const other = segment(plan, kind, thread, threads, newLeaf)
  const away = load<u32>(leafAt(plan, thread, leaf) + (kind == STOPPING ? LEAF_STOP_AWAY : LEAF_AWAY))
  let from = <usize>load<u32>(own)
  const end = <usize>load<u32>(own, 4)
  const behind = kind == STOPPING ? word(plan, STOP_OTHER) : word(plan, FIT_OTHER)
  const move: usize = away ? <usize>0 - behind : behind // addresses wrap around
  let left = from + move
  let right = end + move
  store<u32>(own, left)
  store<u32>(other, right, 4)
  while (from < end) {
    const to = min(end, from + PART_ROWS * stride)
    const count = <i32>((to - from) / stride)
    const lefts = part(from, to, stride, left, right, column, shift, most)
    const rights = count - lefts
    right -= <usize>rights * stride
    if (histogram != 0) {
      if (smaller == leaf) addRecords(plan, thread, histogram, left, lefts, inverse, up, zero, down)
      else addRecords(plan, thread, histogram, right, rights, inverse, up, zero, down)
    }
    left += <usize>lefts * stride
    from = to
  }
  store<u32>(own, left, 4)
  store<u32>(other, right)
}
