// The header that has a browser save a file under its name instead of showing it (RFC 6266).

/** A token of HTTP, which stands without quotes. */
const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** What a name is percent-encoded to in `filename*` leaves these (RFC 8187) as they are. */
const LEFT_BY_ENCODING = /['()*]/g

export function attachment(name: string): string {
  // Controls would break the header, and a slash or backslash would name a folder.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is replaced.
  const file = name.toWellFormed().replace(/[\x00-\x1f\x7f/\\]/g, '_')
  const ascii = file.normalize('NFKD').replace(/[^\x20-\x7e]/g, '') || 'download'
  const plain = TOKEN.test(ascii) ? ascii : `"${ascii.replace(/["]/g, '\\"')}"`
  if (ascii === file) return `attachment; filename=${plain}`
  const encoded = encodeURIComponent(file).replace(
    LEFT_BY_ENCODING,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename=${plain}; filename*=UTF-8''${encoded}`
}
