// What the answers of a tracking server that are no answers mean to a person: what happened, and what to do.
import { isPlanned, messageOf, PlannedError } from '../kernel/errors.ts'
import type { Door } from './rest-address.ts'

/** An answer, read to its end. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

const SHOWN = 300
const SETTING = 'MLFLOW_TRACKING_URI'

/** Whether an error is a refusal of MLflow's with this code of its own. */
export function isRefusal(error: unknown, ...codes: readonly string[]): boolean {
  return isPlanned(error) && codes.includes(String(error.facts.errorCode))
}

/** An error on the way there or back: no answer at all. */
export function lost(door: Door, error: unknown, waitedMs: number): PlannedError {
  const why = reasonOf(error)
  if (isCertificateFault(error)) {
    return new PlannedError('BAD_INPUT', `no safe connection to ${door.base} can be made`, {
      why: door.scrub(why),
      next: /WRONG_VERSION|PACKET_LENGTH/i.test(codesOf(error))
        ? `if the server speaks plain HTTP, write http:// in ${SETTING}`
        : 'if the certificate is your own authority’s, name its file in NODE_EXTRA_CA_CERTS; if it is for another name, correct the address',
      cause: error,
    })
  }
  const isLate = error instanceof Error && error.name === 'TimeoutError'
  return new PlannedError('UNAVAILABLE', `no MLflow server answers at ${door.base}`, {
    why: isLate ? `nothing came within ${Math.round(waitedMs / 1000)} s` : door.scrub(why),
    next: door.isLocal
      ? `start it (mlflow server --port ${new URL(door.base).port || '80'}, or ./understudy server), or correct ${SETTING}`
      : `see that it is up and can be reached from here, or correct ${SETTING}`,
    facts: { address: door.base },
    cause: error,
  })
}

/** Whether another try could not change anything. */
export function isCertificateFault(error: unknown): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|EPROTO|SSL routines/i.test(codesOf(error))
}

/** What an answer that is no success is to a person. `what` says what was asked for. */
export function refused(door: Door, answer: Answer, what: string): PlannedError {
  const { status, headers } = answer
  const text = door.scrub(new TextDecoder().decode(answer.bytes.subarray(0, 20_000)))
  const refusal = parsed(text)
  if (/rebinding|Invalid Host header/i.test(text) && status === 403) {
    return new PlannedError(
      'BAD_INPUT',
      `the MLflow server at ${door.base} does not know itself by the name ${door.host}`,
      {
        why: 'it answers only to hosts that it was told of',
        next: `start it with --allowed-hosts ${door.host}, or use a name that it knows in ${SETTING}`,
        facts: { status },
      },
    )
  }
  if (status === 401 || status === 403) return notLetIn(door, status, refusal?.message ?? '')
  if (status >= 300 && status < 400) return movedAway(door, headers.get('location'))
  if (refusal !== null) return ownRefusal(door, refusal, status, what)
  if (status === 404 || status === 405) return notMlflow(door, `it answered ${status} to ${what}`)
  if (status === 413) {
    return new PlannedError('BAD_INPUT', `${door.base} takes no file of that size`, {
      why: `it answered ${status} to ${what}`,
      next: 'raise the limit of whatever stands before the server (client_max_body_size of nginx, for example)',
      facts: { status },
    })
  }
  return new PlannedError('UNAVAILABLE', `the MLflow server at ${door.base} cannot do its work`, {
    why: `it answered ${status} to ${what}${text.trim() === '' || isPage(text) ? '' : `: ${clipped(text)}`}`,
    next: 'look into its log, and give the command again once it is well',
    facts: { status, address: door.base },
  })
}

/** There is something at the address, and it is no MLflow server. */
export function notMlflow(door: Door, why: string): PlannedError {
  return new PlannedError('BAD_INPUT', `what answers at ${door.base} is no MLflow server`, {
    why,
    next: `set ${SETTING} to the address under which MLflow's own page opens, without what follows the # in it`,
    facts: { address: door.base },
  })
}

/** A page for people came where data was asked for. */
export function notData(door: Door, text: string, what: string): PlannedError {
  if (isPage(text)) return loginPage(door, `a page came back for ${what}`)
  return notMlflow(door, `what came back for ${what} is no JSON`)
}

export function isPage(text: string): boolean {
  return /^\s*<(!doctype|html|head|\?xml)/i.test(text)
}

function loginPage(door: Door, why: string): PlannedError {
  return new PlannedError('BAD_INPUT', `${door.base} answers with a page for people`, {
    why: `${why}; most likely a login stands before the server`,
    next: `${credentialAdvice(door)}, or set ${SETTING} to an address that programs may use`,
    facts: { address: door.base },
  })
}

function movedAway(door: Door, location: string | null): PlannedError {
  const to = location !== null && URL.canParse(location, `${door.base}/`) ? new URL(location, `${door.base}/`) : null
  if (to === null) return loginPage(door, 'it sends whoever asks elsewhere')
  if (to.host.split(':')[0] === door.host.split(':')[0] && to.protocol === 'https:' && door.base.startsWith('http:')) {
    return new PlannedError('BAD_INPUT', `${door.base} wants to be asked over https`, {
      why: `it sends whoever asks to ${to.origin}`,
      next: `write https:// in ${SETTING}`,
      facts: { address: door.base },
    })
  }
  return loginPage(door, `it sends whoever asks to ${to.origin}${to.pathname}`)
}

function notLetIn(door: Door, status: number, message: string): PlannedError {
  const why = status === 401 ? 'it does not know who asks' : 'whoever asks may not do this'
  return new PlannedError('BAD_INPUT', `the MLflow server at ${door.base} refuses`, {
    why: `${why} (${status}${message === '' ? '' : `: ${clipped(message)}`})`,
    next: credentialAdvice(door),
    facts: { status, address: door.base },
  })
}

function credentialAdvice({ credentials }: Door): string {
  switch (credentials) {
    case 'password':
      return 'look at MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, and at what that person may do there'
    case 'token':
      return 'look at MLFLOW_TRACKING_TOKEN: it may be over, or be for something else'
    default:
      return 'set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN'
  }
}

interface Refusal {
  readonly code: string
  readonly message: string
}

/** MLflow's own form of a refusal; null for anything else. */
function parsed(text: string): Refusal | null {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json !== 'object' || json === null || !('error_code' in json)) return null
    return { code: String(json.error_code), message: 'message' in json ? String(json.message) : '' }
  } catch {
    return null
  }
}

function ownRefusal(door: Door, { code, message }: Refusal, status: number, what: string): PlannedError {
  const facts = { status, errorCode: code, address: door.base }
  const said = `MLflow refuses ${what}`
  const why = clipped(message)
  if (/DOES_NOT_EXIST|^NOT_FOUND/.test(code)) {
    return new PlannedError('NOT_FOUND', said, { why, next: 'look it up in MLflow', facts })
  }
  if (/ALREADY_EXISTS|CONFLICT|INVALID_STATE/.test(code)) {
    return new PlannedError('CONFLICT', said, { why, next: 'look in MLflow at what is there', facts })
  }
  if (status >= 500) {
    return new PlannedError('UNAVAILABLE', `the MLflow server at ${door.base} cannot do its work`, {
      why: `${what}: ${why}`,
      next: 'look into its log, and give the command again once it is well',
      facts,
    })
  }
  return new PlannedError('BAD_INPUT', said, { why, next: 'change what was asked for', facts })
}

function clipped(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line
}

/** What lies below `fetch failed`: the system's own words. */
function reasonOf(error: unknown): string {
  const cause = causeOf(error)
  if (cause instanceof AggregateError && cause.errors.length > 0) return cause.errors.map(messageOf).join(', ')
  return messageOf(cause)
}

function codesOf(error: unknown): string {
  const cause = causeOf(error)
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  return `${code} ${messageOf(cause)}`
}

function causeOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error
}
