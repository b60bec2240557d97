// What MLflow answers when it refuses: its codes, its words, and the HTTP status each code has.

/** MLflow's error codes with the HTTP status and the SQL-like state and class that its answers carry beside them. */
const CODES = {
  INVALID_PARAMETER_VALUE: { status: 400, sqlstate: 'KAM00', errorClass: 'INVALID_PARAMETER_VALUE' },
  BAD_REQUEST: { status: 400, sqlstate: 'KAM00', errorClass: 'BAD_REQUEST' },
  RESOURCE_ALREADY_EXISTS: { status: 400, sqlstate: 'KAM00', errorClass: 'RESOURCE_ALREADY_EXISTS' },
  PERMISSION_DENIED: { status: 403, sqlstate: 'KAM00', errorClass: 'PERMISSION_DENIED' },
  RESOURCE_DOES_NOT_EXIST: { status: 404, sqlstate: 'KAM00', errorClass: 'RESOURCE_NOT_FOUND' },
  ENDPOINT_NOT_FOUND: { status: 404, sqlstate: 'KAM00', errorClass: 'ENDPOINT_NOT_FOUND' },
  RESOURCE_CONFLICT: { status: 409, sqlstate: 'KAM00', errorClass: 'RESOURCE_CONFLICT' },
  REQUEST_LIMIT_EXCEEDED: { status: 429, sqlstate: 'KAM00', errorClass: 'REQUEST_LIMIT_EXCEEDED' },
  INVALID_STATE: { status: 500, sqlstate: 'XXM00', errorClass: 'INVALID_STATE' },
  INTERNAL_ERROR: { status: 500, sqlstate: 'XXM00', errorClass: 'CLIENT_INTERNAL_ERROR' },
  NOT_IMPLEMENTED: { status: 501, sqlstate: 'XXM00', errorClass: 'NOT_IMPLEMENTED' },
  TEMPORARILY_UNAVAILABLE: { status: 503, sqlstate: 'XXM00', errorClass: 'TEMPORARILY_UNAVAILABLE' },
} as const

export type MlflowErrorCode = keyof typeof CODES

/** A refusal in MLflow's words; clients match on both code and message. */
export class MlflowError extends Error {
  readonly code: MlflowErrorCode

  constructor(code: MlflowErrorCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'MlflowError'
    this.code = code
  }

  get status(): number {
    return CODES[this.code].status
  }

  /** The answer's body. */
  get body(): { error_code: string; message: string; sqlstate: string; error_class: string } {
    const { sqlstate, errorClass } = CODES[this.code]
    return { error_code: this.code, message: this.message, sqlstate, error_class: errorClass }
  }
}

export function invalid(message: string): MlflowError {
  return new MlflowError('INVALID_PARAMETER_VALUE', message)
}

export function notThere(message: string): MlflowError {
  return new MlflowError('RESOURCE_DOES_NOT_EXIST', message)
}
