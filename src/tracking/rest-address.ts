// Where a tracking server is, and what opens it. What opens it is never shown.
import { PlannedError } from '../kernel/errors.ts'

export interface ServerAddress {
  /** `http://host:port` or `https://…`, with or without a path below which the server lies; may carry `user:password@`. */
  readonly uri: string
  /** Asked for together: a name and a password. Null where there are none; they win over those in the address, and over a token. */
  readonly username: string | null
  readonly password: string | null
  readonly token: string | null
}

/** How somebody shows who they are. */
type Credentials = 'none' | 'password' | 'token'

/** An address taken apart. */
export interface Door {
  /** Without credentials and without a slash at its end. */
  readonly base: string
  readonly host: string
  readonly isLocal: boolean
  readonly credentials: Credentials
  readonly headers: Readonly<Record<string, string>>
  /** A text with whatever is secret in it left out. */
  readonly scrub: (text: string) => string
}

/** An address as it may be shown: without credentials. */
export function addressOf(address: Pick<ServerAddress, 'uri'>): string {
  const { origin, pathname } = new URL(address.uri)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** Throws `BAD_INPUT` for an address that is none of a server. */
export function openDoor(address: ServerAddress): Door {
  if (!/^https?:\/\/[^/]/.test(address.uri) || !URL.canParse(address.uri)) {
    throw new PlannedError('BAD_INPUT', 'the address of the tracking server is none of the web', {
      next: 'set MLFLOW_TRACKING_URI to something like http://127.0.0.1:5000',
    })
  }
  const url = new URL(address.uri)
  const given = { name: decoded(url.username), password: decoded(url.password) }
  const name = address.username ?? given.name
  const password = address.password ?? given.password
  const { credentials, headers } = headersFor(name, password, address.token)
  const secrets = [password, given.password, url.password, address.token ?? '', headers.authorization ?? '']
  return {
    base: addressOf(address),
    host: url.host,
    isLocal: /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname),
    credentials,
    headers,
    scrub: (text) => secrets.filter((one) => one !== '').reduce((all, one) => all.replaceAll(one, '…'), text),
  }
}

function headersFor(
  name: string,
  password: string,
  token: string | null,
): { credentials: Credentials; headers: { authorization?: string } } {
  if (name !== '' && password !== '') {
    const text = Buffer.from(`${name}:${password}`, 'utf8').toString('base64')
    return { credentials: 'password', headers: { authorization: `Basic ${text}` } }
  }
  if (token !== null) return { credentials: 'token', headers: { authorization: `Bearer ${token}` } }
  return { credentials: 'none', headers: {} }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
