// What is looked at before any route: by which name the server was called, from which page, and what is asked for. What every answer
// carries for the browser's sake is set here too.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PlannedError } from '../kernel/errors.ts'
import { invalid } from '../mlflow/error.ts'
import { type HostRule, isLoopback, parseHost } from './hosts.ts'
import { jsonText } from './mlflow-json.ts'

export interface SecurityRules {
  readonly isAllowedHost: HostRule
  /** Whether pages of an origin other than the server's own and this machine's may read and write. */
  readonly isAllowedOrigin: (origin: string) => boolean
  /** Told of a host that was refused, each once: whoever runs the server may have to allow it. */
  readonly onRefusedHost: (host: string) => void
}

/** Answers a request that is refused, or asks before the request itself. True if it is answered. */
export type Guard = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean

const INVALID_HOST = 'Invalid Host header - possible DNS rebinding attack detected'
const CROSS_ORIGIN = 'Cross-origin request blocked'
/** Anyone may ask whether the server is up, by any name: load balancers do. */
const FOR_ANY_HOST = ['/health', '/version']
const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS'
/** Names that are told as refused; whoever sends others by the thousand fills no log. */
const MAX_TOLD = 20

export function openGuard({ isAllowedHost, isAllowedOrigin, onRefusedHost }: SecurityRules): Guard {
  const told = new Set<string>()
  const isHostRefused = (text: string): boolean => {
    const host = parseHost(text)
    if (host !== null && isAllowedHost(host)) return false
    if (told.size < MAX_TOLD && !told.has(text)) onRefusedHost(text)
    told.add(told.size < MAX_TOLD ? text : '')
    return true
  }
  return (incoming, outgoing) => {
    outgoing.setHeader('X-Content-Type-Options', 'nosniff')
    outgoing.setHeader('X-Frame-Options', 'SAMEORIGIN')
    outgoing.setHeader('Vary', 'Origin')
    const { origin, host = '' } = incoming.headers
    if (!makeRelative(incoming, isHostRefused)) return answer(outgoing, 403, INVALID_HOST)
    const [path = ''] = (incoming.url ?? '').split('?', 1)
    if (!FOR_ANY_HOST.includes(path) && (hasSeveralHosts(incoming) || isHostRefused(host)))
      return answer(outgoing, 403, INVALID_HOST)
    const isTrusted = origin !== undefined && (isOwn(origin, host) || isAllowedOrigin(origin))
    if (isTrusted) allowReading(outgoing, origin)
    const asksFor = preflightFor(incoming)
    if (asksFor !== undefined && isTrusted) return allowWriting(incoming, outgoing)
    if (asksFor !== undefined && !SAFE_METHODS.includes(asksFor)) return answer(outgoing, 403, CROSS_ORIGIN)
    if (!SAFE_METHODS.includes(incoming.method ?? '') && !isTrusted && isForeign(incoming)) {
      return answer(outgoing, 403, CROSS_ORIGIN)
    }
    return isUnclear(incoming.url ?? '') && answerInvalidPath(outgoing)
  }
}

/** Origins that were named: exactly, with `*` for labels of the host, or `*` for all. Throws `BAD_INPUT` for what is no origin. */
export function originRule(origins: readonly string[]): (origin: string) => boolean {
  const expressions = origins.map((entry) => {
    if (entry === '*') return /^/
    if (!/^https?:\/\/[a-z0-9_.*[\]:-]+$/i.test(entry)) {
      throw new PlannedError('BAD_INPUT', `"${entry}" is no origin of pages`, {
        next: 'name origins like https://app.example.com or https://*.example.com, separated by commas',
        facts: { entry },
      })
    }
    const escaped = entry.toLowerCase().replace(/[.[\]]/g, '\\$&')
    return new RegExp(`^${escaped.replaceAll('*', '[a-z0-9_.-]+')}$`)
  })
  return (origin) => expressions.some((expression) => expression.test(origin.toLowerCase()))
}

/** A request may carry the whole address, as for a proxy. Its host then counts, and is taken away. False if that host is refused. */
function makeRelative(incoming: IncomingMessage, isHostRefused: (host: string) => boolean): boolean {
  const url = incoming.url ?? ''
  if (url.startsWith('/') || url === '*') return true
  const [, host, rest = ''] = /^https?:\/\/([^/?#]*)(.*)$/i.exec(url) ?? []
  if (host === undefined || isHostRefused(host)) return false
  incoming.url = rest.startsWith('/') ? rest : `/${rest}`
  return true
}

/** Whoever sends two hopes that two readers each take another one. */
function hasSeveralHosts({ rawHeaders }: IncomingMessage): boolean {
  let found = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!
    if (name.length === 4 && name.toLowerCase() === 'host') found++
  }
  return found > 1
}

/** Whether a page is the server's own, or one of this machine's. */
function isOwn(origin: string, host: string): boolean {
  const [, authority = ''] = /^https?:\/\/([^/?#@]+)$/i.exec(origin) ?? []
  const from = parseHost(authority)
  if (from === null) return false
  return authority.toLowerCase() === host.toLowerCase() || isLoopback(from)
}

/** Whether a browser says that another site's page sends this. What is no browser says nothing. */
function isForeign({ headers }: IncomingMessage): boolean {
  const { origin, 'sec-fetch-site': site } = headers
  return origin !== undefined || (site !== undefined && site !== 'same-origin' && site !== 'none')
}

/** The method that a browser asks for before it sends the request of another page. */
function preflightFor({ method, headers }: IncomingMessage): string | undefined {
  return method === 'OPTIONS' && headers.origin !== undefined ? headers['access-control-request-method'] : undefined
}

function allowReading(outgoing: ServerResponse, origin: string): void {
  outgoing.setHeader('Access-Control-Allow-Origin', origin)
  outgoing.setHeader('Access-Control-Allow-Credentials', 'true')
  outgoing.setHeader('Access-Control-Expose-Headers', '*')
}

function allowWriting({ headers }: IncomingMessage, outgoing: ServerResponse): true {
  outgoing.setHeader('Access-Control-Allow-Methods', METHODS)
  outgoing.setHeader('Access-Control-Allow-Headers', headers['access-control-request-headers'] ?? '*')
  outgoing.setHeader('Access-Control-Max-Age', '600')
  outgoing.setHeader('Vary', 'Origin, Access-Control-Request-Headers')
  outgoing.writeHead(204).end()
  return true
}

/**
 * Whether a path could be read as another one further on: dots that lead elsewhere, plainly or encoded, and what addresses are cleaned of
 * in silence. Who reads the address next would clean it and route what is left.
 */
function isUnclear(url: string): boolean {
  if (!UNCLEAR.test(url)) return false
  const [path = ''] = url.split('?', 1)
  return /[\\#]/.test(path) || path.split('/').some((part) => /^(?:\.|%2e){1,2}$/i.test(part))
}
const UNCLEAR = /[\\#]|\/(?:\.|%2e)/i

function answerInvalidPath(outgoing: ServerResponse): true {
  const { status, body } = invalid('Invalid path')
  return answer(outgoing, status, jsonText(body), 'application/json')
}

function answer(outgoing: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): true {
  outgoing.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text)
  return true
}
