// The parts of an address, as MLflow's clients and Python's own parser see them.

export interface Uri {
  /** In small letters; '' if there is none. */
  readonly scheme: string
  /** Between `//` and the path; null without `//`. An empty one, as in `file:///x`, is ''. */
  readonly authority: string | null
  readonly path: string
  /** The query and the fragment with their signs; '' for none. */
  readonly rest: string
}

const PARTS = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(.*)$/is

export function uriOf(text: string): Uri {
  const [, scheme = '', authority, path = '', rest = ''] = PARTS.exec(text) ?? []
  return { scheme: scheme.toLowerCase(), authority: authority ?? null, path, rest }
}
