// Which bytes of a file a reader asked for.

/** The bytes of a file of a size that a range names, counted as `slice` counts. */
export function sliceOf(
  bytes: number,
  { from = 0, to = bytes }: { readonly from?: number; readonly to?: number } = {},
): { readonly from: number; readonly to: number } {
  const inside = (place: number): number => Math.max(0, Math.min(bytes, place < 0 ? bytes + place : place))
  return { from: inside(from), to: Math.max(inside(from), inside(to)) }
}
