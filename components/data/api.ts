/** The one way to the management API from the browser: same origin, the session's cookie, problem+json as an error. */

export interface FieldProblem {
  path: string
  message: string
}

export interface Applied {
  applied: number
  gateways: number
}

export interface ApiAnswer<T> {
  data: T
  etag: string | null
  /** The configuration's revision that holds this change; null where nothing of the gateways changed. */
  revision: number | null
  /** How many gateways had applied it when the call answered. */
  applied: Applied | null
  requestId: string | null
}

/** An answer from 400 on, or none at all (`status` 0). The message is for people. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly errors: readonly FieldProblem[]
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null
  /** The whole problem document: a 412 carries the current object, a 409 who uses it. */
  readonly body: Readonly<Record<string, unknown>>

  constructor(status: number, body: Record<string, unknown>, headers: Headers | null) {
    const title = text(body.title) ?? (status === 0 ? 'No connection' : `Error ${status}`)
    const detail = text(body.detail) ?? title
    super(detail)
    this.name = 'ApiProblem'
    this.status = status
    this.code = text(body.code) ?? (status === 0 ? 'unreachable' : 'unknown')
    this.title = title
    this.detail = detail
    this.errors = Array.isArray(body.errors) ? body.errors.filter(isFieldProblem) : []
    this.requestId =
      headers?.get('x-request-id') ?? headers?.get('x-gatehouse-request-id') ?? text(body.requestId)
    const retryAfter = Number(headers?.get('retry-after'))
    this.retryAfterSeconds = headers?.has('retry-after') && Number.isFinite(retryAfter) ? retryAfter : null
    this.body = body
  }
}

export type QueryValue = string | number | boolean | null | undefined
export type Query = Readonly<Record<string, QueryValue>>

/** @param path below `/api/v1`, such as `/teams`. @throws ApiProblem */
export async function apiGet<T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> {
  return (await request<T>('GET', path, { query, signal })).data
}

/** As `apiGet`, with the ETag that a later write names in `ifMatch`. @throws ApiProblem */
export function apiRead<T>(path: string, query?: Query, signal?: AbortSignal): Promise<ApiAnswer<T>> {
  return request<T>('GET', path, { query, signal })
}

/**
 * A POST carries an `Idempotency-Key`, made here unless the caller keeps one over several tries.
 * @throws ApiProblem
 */
export function apiSend<T>(
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  path: string,
  body?: unknown,
  options: { ifMatch?: string | null | undefined; idempotencyKey?: string; query?: Query } = {},
): Promise<ApiAnswer<T>> {
  return request<T>(method, path, { body, ...options })
}

export function withQuery(path: string, query: Query | undefined): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== '') search.set(name, String(value))
  }
  const encoded = search.toString()
  return encoded ? `${path}?${encoded}` : path
}

interface RequestOptions {
  body?: unknown
  query?: Query | undefined
  signal?: AbortSignal | undefined
  ifMatch?: string | null | undefined
  idempotencyKey?: string | undefined
}

async function request<T>(method: string, path: string, options: RequestOptions): Promise<ApiAnswer<T>> {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (options.body !== undefined) headers['content-type'] = 'application/json'
  if (options.ifMatch) headers['if-match'] = options.ifMatch
  if (method === 'POST') headers['idempotency-key'] = options.idempotencyKey ?? randomId()
  let response: Response
  try {
    response = await fetch(withQuery(`/api/v1${path}`, options.query), {
      method,
      headers,
      credentials: 'same-origin',
      cache: 'no-store',
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      ...(options.signal ? { signal: options.signal } : {}),
    })
  } catch (cause) {
    if (options.signal?.aborted) throw cause
    throw new ApiProblem(
      0,
      { title: 'No connection', detail: 'The admin did not answer. Check your network, then try again.' },
      null,
    )
  }
  const body = await readBody(response)
  if (!response.ok) {
    throw new ApiProblem(response.status, isRecord(body) ? body : {}, response.headers)
  }
  return {
    data: body as T,
    etag: response.headers.get('etag'),
    revision: numberOrNull(response.headers.get('x-gatehouse-revision')),
    applied: readApplied(response.headers.get('x-gatehouse-applied')),
    requestId: response.headers.get('x-request-id'),
  }
}

async function readBody(response: Response): Promise<unknown> {
  if (response.status === 204) return null
  const content = await response.text()
  if (content === '') return null
  try {
    return JSON.parse(content)
  } catch {
    return response.ok ? content : { detail: `The admin answered ${response.status} without a reason.` }
  }
}

export function readApplied(header: string | null): Applied | null {
  const match = /^(\d+)\/(\d+)$/.exec(header ?? '')
  return match ? { applied: Number(match[1]), gateways: Number(match[2]) } : null
}

/** `crypto.randomUUID` needs a secure context, which plain http on a LAN is not. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

function numberOrNull(header: string | null): number | null {
  return header !== null && /^\d+$/.test(header) ? Number(header) : null
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isFieldProblem(value: unknown): value is FieldProblem {
  return isRecord(value) && typeof value.path === 'string' && typeof value.message === 'string'
}
