/**
 * The port to bytes by path. Adapters: `disk.ts`, `memory.ts`. All pass `artifacts.contract.ts`:
 * - a path is relative, `/`-separated, without empty, `.` or `..` parts, backslashes or NUL; anything else, a symbolic link
 *   that leads out of the root included, is `BAD_INPUT` (`path.ts` has the whole rule);
 * - `get` returns what `put` was given; a half-written `put` is invisible; a second `put` replaces the whole;
 * - a path is a file or a folder, never both: a `put` that would make it both is `CONFLICT`; a folder exists while a file lies in it;
 * - `list` is complete and sorted; an absent prefix lists nothing; `NOT_FOUND` for an absent path.
 */
export interface ArtifactStore {
  /** The address of a path, as MLflow's `artifact_uri` and `source` write it (`file:///…`); of the whole store with ''. */
  uri(path: string): string
  /** The path that an address of this store stands for, '' for the store itself; null for an address that lies elsewhere. */
  pathOf(uri: string): string | null
  /** Writes bytes and returns their SHA-256. */
  put(path: string, bytes: Uint8Array): Promise<{ sha256: string; bytes: number }>
  get(path: string): Promise<Uint8Array>
  /** Every file below a prefix (all with ''; the file itself if it is one), sorted by path in code units. Links are not followed. */
  list(prefix: string): Promise<readonly { path: string; bytes: number }[]>
  delete(path: string): Promise<void>
}
