// Whom a server answers to: the Host header read as an address, and held against the names and addresses that are allowed.
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { PlannedError } from '../kernel/errors.ts'

/** A host as an HTTP header names it. */
export interface Host {
  readonly kind: 'name' | 'ipv4' | 'ipv6'
  /** In small letters, an IPv6 address without its brackets, a name without the dot of the root at its end. */
  readonly host: string
  readonly port: number | null
}

const AUTHORITY = /^(?:\[([0-9a-f:.]{2,45})\]|([a-z0-9_.-]{1,255}))(?::(\d{1,5}))?$/i
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/

/**
 * Reads a Host header, or the host and port of an address. Null for what is none: user names, empty labels, a port that is no port, and
 * the other ways to write an IPv4 address (`127.1`, `0x7f000001`, `2130706433`), which a browser would take for one.
 */
export function parseHost(text: string): Host | null {
  const [, bracketed, plain, portText] = AUTHORITY.exec(text) ?? []
  const port = portText === undefined ? null : Number(portText)
  if (port !== null && port > 65_535) return null
  if (bracketed !== undefined) return isIPv6(bracketed) ? { kind: 'ipv6', host: bracketed.toLowerCase(), port } : null
  if (plain === undefined) return null
  if (isIPv4(plain)) return { kind: 'ipv4', host: plain, port }
  const host = plain.toLowerCase().replace(/\.$/, '')
  const labels = host.split('.')
  return labels.every((label) => LABEL.test(label)) && !endsInNumber(labels) ? { kind: 'name', host, port } : null
}

/** Whether a browser would take a name for an IPv4 address. */
function endsInNumber(labels: readonly string[]): boolean {
  return /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '')
}

/** Whether a host is this machine, whatever name servers say. */
export function isLoopback({ kind, host }: Pick<Host, 'kind' | 'host'>): boolean {
  return kind === 'name' ? host === 'localhost' : LOOPBACK.check(host, kind)
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Addresses that no name server can point a browser to by a name: who names one in a Host header has typed it. */
const PRIVATE = new BlockList()
PRIVATE.addSubnet('10.0.0.0', 8, 'ipv4')
PRIVATE.addSubnet('172.16.0.0', 12, 'ipv4')
PRIVATE.addSubnet('192.168.0.0', 16, 'ipv4')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')

/** Whether a client may call the server by a host. */
export type HostRule = (host: Host) => boolean

/**
 * The hosts a server answers to: always this machine's own names, and those in `own` (what it listens on). Beside them `allowed`, or where
 * that is null every private address.
 *
 * An entry of `allowed` is a name, an address, either with a port, a name with `*` in its labels (`*.example.com` is anything below it),
 * an IPv4 address that ends in `*` (`192.168.*`), or `*` for everything. Throws `BAD_INPUT` for one that is none of these.
 */
export function hostRule({ own, allowed }: { own: readonly string[]; allowed: readonly string[] | null }): HostRule {
  const ownRules = own.map((entry) => ruleOf(entry))
  const further = allowed === null ? [isPrivate] : allowed.map((entry) => ruleOf(entry))
  const rules: readonly HostRule[] = [isOwnMachine, ...ownRules, ...further]
  return (host) => rules.some((rule) => rule(host))
}

function isOwnMachine(host: Host): boolean {
  return isLoopback(host) || host.host === '0.0.0.0' // that one means this machine too, where it means anything
}

function isPrivate({ kind, host }: Host): boolean {
  return kind !== 'name' && PRIVATE.check(host, kind)
}

function ruleOf(entry: string): HostRule {
  if (entry === '*') return () => true
  const [, begin] = /^((?:\d{1,3}\.){1,3})\*$/.exec(entry) ?? []
  if (begin !== undefined) return ({ kind, host }) => kind === 'ipv4' && host.startsWith(begin)
  if (entry.includes('*')) return wildcard(entry)
  const one = parseHost(isIPv6(entry) ? `[${entry}]` : entry)
  if (one === null) throw noHost(entry)
  return ({ host, port }) => sameHost(host, one.host) && (one.port === null || one.port === (port ?? 80))
}

/** `*.example.com`: one label or more; within a label `*` stands for any letters of it: `app-*.example.com`. */
function wildcard(entry: string): HostRule {
  const [, pattern = '', port] = /^([a-z0-9_.*-]+?)(?::(\d{1,5}))?$/i.exec(entry) ?? []
  const labels = pattern.toLowerCase().split('.')
  if (labels.length < 2 || endsInNumber(labels) || !labels.every((label) => LABEL.test(label.replaceAll('*', 'x'))))
    throw noHost(entry)
  const expressions = labels.map((label, i) => (label === '*' && i === 0 ? '.+' : label.replaceAll('*', '[^.]*')))
  const expression = new RegExp(`^${expressions.join('\\.')}$`)
  return (host) =>
    host.kind === 'name' && expression.test(host.host) && (port === undefined || Number(port) === (host.port ?? 80))
}

/** One address may be written in several ways, where it is one of IPv6. */
function sameHost(one: string, other: string): boolean {
  if (one === other) return true
  if (!isIPv6(one) || !isIPv6(other)) return false
  const list = new BlockList()
  list.addAddress(other, 'ipv6')
  return list.check(one, 'ipv6')
}

function noHost(entry: string): PlannedError {
  return new PlannedError('BAD_INPUT', `"${entry}" names no host`, {
    next: 'name hosts like mlflow.example.com, *.example.com, 10.0.0.7, 192.168.* or 10.0.0.7:5000, separated by commas',
    facts: { entry },
  })
}
