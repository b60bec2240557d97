/**
 * The port to bytes by path. Adapters: `disk.ts`, `memory.ts`. All pass `artifacts.contract.ts`:
 * - a path is relative, `/`-separated, without empty, `.` or `..` parts, backslashes or NUL; anything else, a symbolic link
 *   that leads out of the root included, is `BAD_INPUT`;
 * - `get` returns what `put` was given; a half-written `put` is invisible; a second `put` replaces the whole;
 * - `list` is complete and sorted; an absent prefix lists nothing; `NOT_FOUND` for an absent path.
 */
export interface ArtifactStore {
  /** The address of a path, as MLflow's `artifact_uri` and `source` write it (`file:///…`). */
  uri(path: string): string
  /** Writes bytes and returns their SHA-256. */
  put(path: string, bytes: Uint8Array): Promise<{ sha256: string; bytes: number }>
  get(path: string): Promise<Uint8Array>
  /** Every file below a prefix (all with ''), sorted by path. */
  list(prefix: string): Promise<readonly { path: string; bytes: number }[]>
  delete(path: string): Promise<void>
}
