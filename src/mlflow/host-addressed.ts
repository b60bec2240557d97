// Addresses that name a host to connect to. A server that followed one from a client would knock at whatever door it is told.

/** Schemes whose stores are reached at the host in the address, and the family they are compared in: both reach the same service. */
const FAMILIES: ReadonlyMap<string, string> = new Map([
  ['ftp', 'ftp'],
  ['sftp', 'sftp'],
  ['hdfs', 'hdfs'],
  ['viewfs', 'hdfs'],
  ['http', 'http'],
  ['https', 'http'],
  ['mlflow-artifacts', 'http'],
  ['r2', 'r2'],
  ['b2', 'b2'],
  ['abfss', 'abfss'],
])

/** Where a connection goes that names no port. An address through a server follows the client's own scheme, so it may be either. */
const PORTS: Readonly<Record<string, readonly string[]>> = {
  ftp: ['21'],
  sftp: ['22'],
  http: ['80'],
  https: ['443'],
  'mlflow-artifacts': ['80', '443'],
  r2: ['443'],
  b2: ['443'],
  abfss: ['443'],
}

/** The scheme of an address in small letters; '' for a path. A single letter is a drive. */
export function schemeOf(uri: string): string {
  return /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase() ?? ''
}

/**
 * The scheme of an address that names a host other than that of `root`, the server's own default root; null for an address that names
 * none or that one.
 */
export function foreignHostScheme(uri: string, root: string | null): string | null {
  const targets = targetsOf(uri)
  if (targets === null) return null
  const own = root === null ? null : targetsOf(root)
  return targets.some((target) => own?.includes(target)) ? null : schemeOf(uri)
}

/** The refusal of a request's field, in MLflow's words. */
export function foreignHostMessage(field: string, scheme: string): string {
  return (
    `'${field}' cannot use the '${scheme}' scheme: the '${scheme}' scheme addresses a host other than the tracking server's configured ` +
    'artifact storage, so the server would connect to the host named in the URI. ' +
    'Set the MLFLOW_ALLOWED_HOST_ADDRESSED_ARTIFACT_SCHEMES environment variable on the server to allow it.'
  )
}

/** The services an address may reach, as texts to compare; null if it names no host. */
function targetsOf(uri: string): readonly string[] | null {
  const scheme = schemeOf(uri)
  const family = FAMILIES.get(scheme)
  if (family === undefined) return null
  const authority = /^[^:]+:\/\/([^/?#]*)/.exec(uri)?.[1] ?? ''
  if (scheme === 'mlflow-artifacts' && authority === '') return null
  if (/[\\\s]/.test(authority)) return []
  const [, host = '', port] = /^(.*?)(?::(\d*))?$/.exec(authority.slice(authority.lastIndexOf('@') + 1)) ?? []
  const ports = port === undefined || port === '' ? (PORTS[scheme] ?? ['']) : [port]
  return ports.map((number) => `${family} ${host.toLowerCase()} ${number}`)
}
