/**
 * The gateway's catalogue of errors (design, section 4.3). The code decides the status and what a caller may do;
 * the place that throws adds the detail. The admin shows the same codes in receipts.
 */
export interface ErrorDefinition {
  /** Answer status; `provider_error` may carry the vendor's own instead. */
  readonly status: number
  /** Whether the same call may succeed later without a change: `Retry-After` is sent. */
  readonly retryAfter: boolean
  /** Words for a person, used when the place that throws has none of its own. */
  readonly message: string
}

export const GATEWAY_ERRORS = {
  invalid_request: { status: 400, retryAfter: false, message: 'The request is not valid.' },
  invalid_api_key: {
    status: 401,
    retryAfter: false,
    message: 'The API key is missing or not valid. Send a key issued in the console.',
  },
  budget_exceeded: { status: 402, retryAfter: false, message: 'A budget is used up.' },
  cost_unbounded: {
    status: 402,
    retryAfter: false,
    message: 'The cost of this call has no bound, and a hard budget applies.',
  },
  model_unpriced: {
    status: 402,
    retryAfter: false,
    message: 'This model has no price, and a hard budget or the route asks for one.',
  },
  model_not_found: { status: 404, retryAfter: false, message: 'No such model for this key.' },
  not_found: { status: 404, retryAfter: false, message: 'Nothing is served at this path.' },
  method_not_allowed: { status: 405, retryAfter: false, message: 'This path does not take this method.' },
  request_timeout: { status: 408, retryAfter: false, message: 'The request did not arrive in time.' },
  request_too_large: { status: 413, retryAfter: false, message: 'The request is too large.' },
  unsupported_media_type: {
    status: 415,
    retryAfter: false,
    message: 'Send JSON with content-type application/json, not compressed.',
  },
  guardrail_blocked: { status: 422, retryAfter: false, message: 'A guardrail blocked this call.' },
  headers_too_large: { status: 431, retryAfter: false, message: 'The request headers are too large.' },
  rate_limit_exceeded: { status: 429, retryAfter: true, message: 'A limit is reached.' },
  budget_held: {
    status: 429,
    retryAfter: true,
    message: 'There is room in the budget, but calls in flight hold it.',
  },
  provider_rate_limited: { status: 429, retryAfter: true, message: 'The provider is limiting requests.' },
  client_closed: { status: 499, retryAfter: false, message: 'The caller went away.' },
  internal_error: { status: 500, retryAfter: false, message: 'Something went wrong in the gateway.' },
  provider_error: { status: 502, retryAfter: false, message: 'The provider answered with an error.' },
  no_target_available: { status: 503, retryAfter: true, message: 'No target of this route is available.' },
  not_configured: { status: 503, retryAfter: true, message: 'The gateway has no configuration yet.' },
  books_full: {
    status: 503,
    retryAfter: true,
    message: 'The journal cannot take more records: no service without books.',
  },
  counters_unavailable: { status: 503, retryAfter: true, message: 'The counters are not available.' },
  overloaded: { status: 503, retryAfter: true, message: 'The gateway holds as many connections as it may.' },
  shutting_down: { status: 503, retryAfter: true, message: 'The gateway is shutting down.' },
  provider_timeout: { status: 504, retryAfter: false, message: 'The provider did not answer in time.' },
} as const satisfies Record<string, ErrorDefinition>

export type GatewayErrorCode = keyof typeof GATEWAY_ERRORS
