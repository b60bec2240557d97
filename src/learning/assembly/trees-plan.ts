// Where things lie in the memory that all threads share. `trees-memory.ts` of the other side writes it, word by word, in this order.

/** Word `i` of a plan. */
export function word(plan: usize, i: usize): usize {
  return load<u32>(plan + (i << 2))
}

// A row is a record: a byte per column, its residual, and where rows are drawn or started again from, its number and target.
export const COLUMNS: usize = 0
export const STRIDE: usize = 1
export const RESIDUAL_AT: usize = 2
export const NUMBER_AT: usize = 3
export const TARGET_AT: usize = 4
export const LEAVES: usize = 5
export const MIN_LEAF_ROWS: usize = 6
export const COUNT_BITS: usize = 7
/** 1 where gradients are residuals, 2 where they are those within bounds, 0 where they are their signs. */
export const GRADIENT_KIND: usize = 8
export const GATE: usize = 9
/** (columns) u32: bins, the one for rows without a value left out. */
export const BIN_COUNTS: usize = 10
/** (threads + 1) u32: the columns whose histograms each thread adds up and looks through. */
export const COLUMN_RANGES: usize = 11
/** (columns) u8: 1 for those the tree may ask for. */
export const CHOSEN: usize = 12
/** (threads, columns, 256) i64: histograms of each thread's own rows. */
export const PARTS: usize = 13
/** (leaves, columns, 256) i64: histograms of leaves. */
export const SLOTS: usize = 14
/** (threads, leaves) of 64 bytes: each thread keeps the same list of leaves. */
export const LEAF_TABLES: usize = 15
/** (kinds, threads, leaves) of two u32: from where to where a leaf's records go. */
export const SEGMENTS: usize = 16
/** (threads, 2) of 64 bytes: the best splits of two leaves by each thread's columns. */
export const BESTS: usize = 17
/** (nodes) of 40 bytes. */
export const NODES: usize = 18
/** (threads) of 64 bytes: sums over residuals, by rows to fit and rows to stop by. */
export const SUMS: usize = 19
/** (threads, BLOCK_ROWS) i64: gradients of a block. */
export const BLOCKS: usize = 20
/** (threads, 2048) u32 */
export const BUCKETS: usize = 21
/** (leaves) of 16 bytes: which value in order is wanted, that value and the next. */
export const ORDERED: usize = 22
/** (leaves) f32: what each leaf adds. */
export const VALUES: usize = 23
/** Records of the rows to fit: the first of two places, how far the second lies behind it, and how many they are. */
export const FIT: usize = 24
export const FIT_OTHER: usize = 25
export const FIT_ROWS: usize = 26
export const STOP: usize = 27
export const STOP_OTHER: usize = 28
export const STOP_ROWS: usize = 29
/** (columns, 256) f32: the values up to which each bin goes, and infinity beyond the last. */
export const THRESHOLDS: usize = 30
export const NUMBERS: usize = 31
/** (categories) u32: addresses of tables from a code, 1 added, to its bin. */
export const CODE_BINS: usize = 32
/** How many leaves the tree has. */
export const LEAF_COUNT: usize = 33
/** The next leaf that a thread may take. */
export const NEXT_LEAF: usize = 34
/** 1 if the drawn rows of this tree lie in the second place. */
export const DRAWN_AWAY: usize = 35
/** 1 if no leaf is to be split any more. */
export const IS_GROWN: usize = 36

/** Rows of which the gradients are worked out at once: they and their records stay in the first-level cache. */
export const BLOCK_ROWS: i32 = 512

/** Kinds of rows: those a tree is grown from, those it only passes on, and those to stop by. */
export const DRAWN: usize = 0
export const LEFT_OUT: usize = 1
export const STOPPING: usize = 2

/** Address of two u32: from where to where a leaf's records of a kind go, of those that are a thread's own. */
export function segment(plan: usize, kind: usize, thread: i32, threads: i32, leaf: i32): usize {
  const list = (kind * <usize>threads + <usize>thread) * word(plan, LEAVES) + <usize>leaf
  return word(plan, SEGMENTS) + (list << 3)
}

/** The first record of a thread's own: rows go to the threads in turn. */
export function firstRecord(rows: usize, thread: i32, threads: i32): usize {
  const each = rows / <usize>threads
  const more = rows % <usize>threads
  return each * <usize>thread + min(<usize>thread, more)
}

// A leaf, 64 bytes. The split is the best it has; none if its gain is 0.
export const LEAF_BYTES: usize = 64
export const LEAF_ROWS: usize = 0
export const LEAF_NODE: usize = 4
export const LEAF_SLOT: usize = 8
/** 1 if its records lie in the second place: those to fit (4 bytes) and those to stop by. */
export const LEAF_AWAY: usize = 12
export const LEAF_STOP_AWAY: usize = 16
export const LEAF_GRADIENTS: usize = 24
export const LEAF_SPLIT: usize = 32

// A split, 32 bytes.
export const SPLIT_GAIN: usize = 0
export const SPLIT_COLUMN: usize = 8
export const SPLIT_BIN: usize = 12
export const SPLIT_MISSING_LEFT: usize = 16
export const SPLIT_ROWS: usize = 20
export const SPLIT_GRADIENTS: usize = 24

/** Address of a leaf in a thread's own list. */
export function leafAt(plan: usize, thread: i32, leaf: i32): usize {
  return word(plan, LEAF_TABLES) + (<usize>thread * word(plan, LEAVES) + <usize>leaf) * LEAF_BYTES
}
