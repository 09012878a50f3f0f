/**
 * What goes wrong in the management API: the code decides the status and the title. Whoever throws adds the detail
 * that people read; a cause that nobody outside may see goes into the log alone.
 */
export interface ProblemDefinition {
  readonly status: number
  readonly title: string
}

export const PROBLEMS = {
  invalid_request: { status: 400, title: 'The request is not valid.' },
  invalid_json: { status: 400, title: 'The body is not valid JSON.' },
  invalid_cursor: { status: 400, title: 'The cursor does not belong to this list.' },
  credentials_required: { status: 400, title: 'The credentials must come in the same call.' },
  unauthenticated: { status: 401, title: 'Sign in, or send an access token.' },
  forbidden: { status: 403, title: 'You may not do this.' },
  cross_site: { status: 403, title: 'The request came from another site.' },
  not_found: { status: 404, title: 'There is nothing here.' },
  method_not_allowed: { status: 405, title: 'This address does not take this method.' },
  conflict: { status: 409, title: 'This collides with what exists.' },
  in_use: { status: 409, title: 'Others still use it.' },
  last_owner: { status: 409, title: 'Somebody must stay the owner.' },
  idempotency_in_progress: { status: 409, title: 'The first request with this key is still running.' },
  precondition_failed: { status: 412, title: 'It has been changed in the meantime.' },
  too_large: { status: 413, title: 'The body is too large.' },
  unsupported_media_type: { status: 415, title: 'The body must be JSON.' },
  idempotency_mismatch: { status: 422, title: 'This key was used with another request.' },
  too_many_attempts: { status: 429, title: 'Too many attempts.' },
  internal_error: { status: 500, title: 'Something went wrong.' },
  database_unavailable: { status: 503, title: 'The database does not answer.' },
  gateway_unavailable: { status: 503, title: 'No gateway is connected.' },
} as const satisfies Record<string, ProblemDefinition>

export type ProblemCode = keyof typeof PROBLEMS

/** What is wrong, where: `targets[0].providerId`. An empty path is the whole body. */
export interface FieldError {
  readonly path: string
  readonly message: string
}

export class Problem extends Error {
  readonly code: ProblemCode
  readonly status: number
  readonly errors: readonly FieldError[]
  /** Further members of the answer, such as `current` of a 412. */
  readonly extra: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    detail: string | undefined,
    errors: readonly FieldError[],
    more: { extra?: Record<string, unknown>; headers?: Record<string, string>; cause?: unknown },
  ) {
    super(detail ?? PROBLEMS[code].title, more.cause === undefined ? undefined : { cause: more.cause })
    this.name = 'Problem'
    this.code = code
    this.status = PROBLEMS[code].status
    this.errors = errors
    this.extra = more.extra ?? {}
    this.headers = more.headers ?? {}
  }
}

/** `throw problem('not_found')`. `detail` and `errors` are public; `more.cause` is not. */
export function problem(
  code: ProblemCode,
  detail?: string,
  errors: readonly FieldError[] = [],
  more: { extra?: Record<string, unknown>; headers?: Record<string, string>; cause?: unknown } = {},
): Problem {
  return new Problem(code, detail, errors, more)
}

/** One wrong field: a 400 with its path. */
export function invalidField(path: string, message: string): Problem {
  return problem('invalid_request', `${path}: ${message}`, [{ path, message }])
}
