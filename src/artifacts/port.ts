/**
 * The port to bytes by path. Adapters: `disk.ts`, `memory.ts`. All pass `artifacts.contract.ts`:
 * - a path is relative, `/`-separated, without empty, `.` or `..` parts, backslashes or NUL; anything else, a symbolic link
 *   that leads out of the root included, is `BAD_INPUT` (`path.ts` has the whole rule);
 * - `get` and `read` return what `put` or `write` was given; what is half-written is invisible, and gone when the writing fails; a second
 *   writing replaces the whole, and whoever reads meanwhile reads the old bytes to their end;
 * - a path is a file or a folder, never both: a writing that would make it both is `CONFLICT`; a folder exists while a file lies in it;
 * - `list` and `folder` are complete and sorted; an absent prefix lists nothing; `NOT_FOUND` for an absent path.
 */
export interface ArtifactStore {
  /** The address of a path, as MLflow's `artifact_uri` and `source` write it (`file:///…`); of the whole store with ''. */
  uri(path: string): string
  /** The path that an address of this store stands for, '' for the store itself; null for an address that lies elsewhere. */
  pathOf(uri: string): string | null
  /** Writes bytes and returns their SHA-256. */
  put(path: string, bytes: Uint8Array): Promise<{ sha256: string; bytes: number }>
  /**
   * Writes what comes, no faster than it can be stored. Throws what `source` and `beforeVisible` throw, and `BAD_INPUT` if it is not
   * `expectedBytes` long; the path is then as it was. With `takesPieces` the pieces are the store's own from then on: it may give their
   * memory back.
   */
  write(path: string, source: AsyncIterable<Uint8Array>, options?: WriteOptions): Promise<{ bytes: number }>
  get(path: string): Promise<Uint8Array>
  /**
   * Opens a file to be read piece by piece, from byte `from` up to, not including, `to`: as `slice` has them, so negative ones count from
   * the end and what lies beyond it is empty. Whoever does not read `content` to its end cancels it.
   */
  read(path: string, range?: { readonly from?: number; readonly to?: number }): Promise<OpenArtifact>
  /** Every file below a prefix (all with ''; the file itself if it is one), sorted by path in code units. Links are not followed. */
  list(prefix: string): Promise<readonly { path: string; bytes: number }[]>
  /** What lies directly in a folder ('' for the whole store's), sorted by name in code units; nothing if it is a file or absent. */
  folder(path: string): Promise<readonly FolderEntry[]>
  delete(path: string): Promise<void>
  /** Deletes a file, or a folder with everything in it. Says whether there was something. */
  deleteAll(path: string): Promise<boolean>
}

export interface WriteOptions {
  readonly expectedBytes?: number | undefined
  readonly takesPieces?: boolean
  /** Called when all has come and is stored, right before it can be seen: the last moment to refuse it, by throwing. */
  readonly beforeVisible?: () => Promise<void>
}

export interface OpenArtifact {
  /** The whole file's, whatever part of it is read. */
  readonly bytes: number
  readonly changedAtMs: number
  /** Another text whenever the file was replaced. */
  readonly version: string
  /** Each piece is the reader's own. */
  readonly content: ReadableStream<Uint8Array>
}

export interface FolderEntry {
  readonly name: string
  /** Null for a folder. */
  readonly bytes: number | null
}
