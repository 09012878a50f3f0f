/**
 * The one error that a stage throws. The code decides the status and the public words; the place that throws adds the
 * detail, and a cause that nobody outside sees. One place turns it into the caller's dialect.
 */
import { GATEWAY_ERRORS, type GatewayErrorCode } from '../lib/contract/error-codes.ts'

export interface GatewayErrorOptions {
  /** Public words; the catalogue's when absent. Never a secret, never text that a guardrail matched. */
  readonly message?: string
  /** Where in the request, as a JSON path: `messages[2].content`. */
  readonly param?: string
  /** A vendor's own status, for `provider_error`. */
  readonly status?: number
  readonly retryAfterSeconds?: number
  /** A vendor's own code, such as `context_length_exceeded`: stands beside ours, never in its place. */
  readonly providerCode?: string
  readonly cause?: unknown
}

export class GatewayError extends Error {
  readonly code: GatewayErrorCode
  readonly status: number
  readonly param: string | null
  /** Set for every code that says "later": 1 s where the place that throws knows no better. */
  readonly retryAfterSeconds: number | null
  readonly providerCode: string | null

  constructor(code: GatewayErrorCode, options: GatewayErrorOptions = {}) {
    const definition = GATEWAY_ERRORS[code]
    super(options.message ?? definition.message, { cause: options.cause })
    this.name = 'GatewayError'
    this.code = code
    this.status = options.status ?? definition.status
    this.param = options.param ?? null
    this.retryAfterSeconds = options.retryAfterSeconds ?? (definition.retryAfter ? 1 : null)
    this.providerCode = options.providerCode ?? null
  }
}
