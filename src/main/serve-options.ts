// What a server is told: by the command line, or else by the variables that `mlflow server` reads, or else the defaults.
import { hostname, networkInterfaces } from 'node:os'
import { resolve } from 'node:path'
import type { ServeOptions } from '../cli/command.ts'
import { PlannedError } from '../kernel/errors.ts'
import { hostRule, isLoopback, parseHost } from '../server/hosts.ts'
import { type Guard, openGuard, originRule } from '../server/security.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Options of which none is missing that has a default. */
export interface ServeChoice extends ServeOptions {
  readonly host: string
  readonly port: number
}

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 5000
/** Addresses that mean every network the machine is on. */
const ANY_ADDRESS = ['0.0.0.0', '::']

/** Throws `BAD_INPUT` for a port in the environment that is none. */
export function withEnvironment(options: ServeOptions, environment: Environment): ServeChoice {
  const found = (name: string): string | undefined => environment[name]?.trim() || undefined
  return {
    ...options,
    host: options.host ?? found('MLFLOW_HOST') ?? DEFAULT_HOST,
    port: options.port ?? portIn(found('MLFLOW_PORT')) ?? DEFAULT_PORT,
    backendStoreUri: options.backendStoreUri ?? found('MLFLOW_BACKEND_STORE_URI'),
    defaultArtifactRoot: options.defaultArtifactRoot ?? found('MLFLOW_DEFAULT_ARTIFACT_ROOT'),
    artifactsDestination: options.artifactsDestination ?? found('MLFLOW_ARTIFACTS_DESTINATION'),
    allowedHosts: options.allowedHosts ?? listIn(found('MLFLOW_SERVER_ALLOWED_HOSTS')),
    corsAllowedOrigins: options.corsAllowedOrigins ?? listIn(found('MLFLOW_SERVER_CORS_ALLOWED_ORIGINS')),
  }
}

/**
 * Refuses to listen where others could reach the server, unless told that they may: `BAD_INPUT`. Returns what whoever starts it should
 * know.
 */
export function adviceOn({ host, port, insecure, allowedHosts, corsAllowedOrigins }: ServeChoice): readonly string[] {
  const advice: string[] = []
  if (!isOwnMachine(host)) {
    if (!insecure) throw reachable(host)
    advice.push(
      `whoever reaches ${host}, port ${port}, may read, change and delete everything: there are no accounts yet`,
    )
    const names = namesOf(host).filter((name) => allowedHosts === undefined || !ANY_ADDRESS.includes(name))
    advice.push(`clients may call it ${names.join(', ')}; name others with --allowed-hosts`)
  }
  if (allowedHosts?.includes('*')) {
    advice.push('--allowed-hosts "*" lets pages of any site reach it through a name server of their own')
  }
  if (corsAllowedOrigins?.includes('*')) {
    advice.push('--cors-allowed-origins "*" lets pages of any site read, change and delete everything')
  }
  return advice
}

/** What is looked at before any route. Throws `BAD_INPUT` for hosts and origins that are none. */
export function guardOf(
  { host, allowedHosts, corsAllowedOrigins }: ServeChoice,
  report: (line: string) => void,
): Guard {
  return openGuard({
    isAllowedHost: hostRule({ own: namesOf(host), allowed: allowedHosts ?? null }),
    isAllowedOrigin: originRule(corsAllowedOrigins ?? []),
    onRefusedHost: (name) =>
      report(
        `a client was refused that called this server ${JSON.stringify(name)}; --allowed-hosts names what it answers to`,
      ),
  })
}

/** The file in `sqlite:///path`, as SQLAlchemy has it: a relative path after three slashes, an absolute one after four. */
export function databaseFile(uri: string): string {
  const path = /^sqlite:\/\/\/([^?]+)$/.exec(uri)?.[1]
  if (path !== undefined && path !== ':memory:') return resolve(path)
  const isServer = /^(?:postgres(?:ql)?|mysql|mssql)(?:\+\w+)?:/.test(uri)
  throw new PlannedError('BAD_INPUT', `the store ${withoutPassword(uri)} cannot be opened`, {
    why: isServer
      ? 'PostgreSQL comes with a later version, other database servers are not planned'
      : 'only files of SQLite are served',
    next: 'name a file, like sqlite:///mlflow.db, with four slashes before an absolute path',
    facts: { uri: withoutPassword(uri) },
  })
}

/** What clients of this machine and, where it listens to networks, of those may call it. */
function namesOf(host: string): readonly string[] {
  if (!ANY_ADDRESS.includes(host)) return [host]
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? [])
  const addresses = interfaces.filter(({ internal, scopeid }) => !internal && !scopeid).map(({ address }) => address)
  const name = hostname()
  const names = parseHost(name)?.kind === 'name' ? [name, ...(name.includes('.') ? [] : [`${name}.local`])] : []
  return [...addresses, ...names]
}

function isOwnMachine(host: string): boolean {
  const parsed = parseHost(host.includes(':') ? `[${host}]` : host)
  return parsed !== null && isLoopback(parsed)
}

/** What MLflow's own variable says about values that are too long: they are cut, or refused if it is false. */
export function valueRules(environment: Environment): { cutsLongValues: boolean } {
  return { cutsLongValues: !/^(?:false|0)$/i.test(environment.MLFLOW_TRUNCATE_LONG_VALUES ?? '') }
}

function reachable(host: string): PlannedError {
  return new PlannedError('BAD_INPUT', `the server does not listen on ${host}`, {
    why: 'there are no accounts yet: whoever reaches it could read, change and delete everything',
    next:
      'listen on 127.0.0.1 and reach it through an SSH tunnel or a proxy that asks for a password; where everybody who reaches this ' +
      'machine may do all that, add --insecure',
    facts: { host },
  })
}

function portIn(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new PlannedError('BAD_INPUT', `MLFLOW_PORT is "${text}"`, {
    next: 'set it to a port from 0 to 65535, or unset it',
  })
}

function listIn(text: string | undefined): readonly string[] | undefined {
  return text
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function withoutPassword(uri: string): string {
  return uri.replace(/(:\/\/[^:/@\s]*):[^@/\s]*@/, '$1:…@')
}
