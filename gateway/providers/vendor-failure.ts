/**
 * Why an attempt failed, in our catalogue's words, and whether another may be made for it. A vendor's own message is told
 * only from its documented envelope, and without secrets.
 */
import type { RetryReason } from '../../lib/contract/entities.ts'
import { failureIn } from '../dialects/openai-failure.ts'
import { isRecord } from '../dialects/openai-usage.ts'
import { GatewayError } from '../gateway-error.ts'
import { UpstreamError, type UpstreamHeaders } from '../upstream/upstream.ts'
import type { Endpoint } from './endpoint.ts'
import type { VendorError } from './provider.ts'

/**
 * `contextTooLong` and `contentRefused` are refusals that another target may not share; `slow`: below the route's speed;
 * `hedge`: another target, asked beside it, was faster.
 */
export type FailureReason = RetryReason | 'contextTooLong' | 'contentRefused' | 'slow' | 'hedge'

export interface VendorFailure {
  readonly error: GatewayError
  /** Null: another try can't help. */
  readonly reason: FailureReason | null
  /** False when the same target would say the same again. */
  readonly sameTargetMayHelp: boolean
  /** The vendor's status; null when there was no answer. */
  readonly status: number | null
  /** How long the vendor asks to be left alone. */
  readonly retryAfterMs: number | null
}

/** Vendors' own statuses that tell the caller about its request: they keep their status. */
const CALLERS_FAULT = new Set([400, 404, 413, 422])

/** An answer with a status other than 2xx. */
export function failureOfStatus(
  endpoint: Endpoint,
  status: number,
  headers: UpstreamHeaders,
  body: Buffer,
  now: number,
): VendorFailure {
  const told = endpoint.provider.readError(parseJson(body))
  const retryAfterMs = status === 429 || status === 503 ? readRetryAfter(headers, now) : null
  const name = endpoint.entity.name
  if (CALLERS_FAULT.has(status)) {
    const fallback = `The provider ${name} answered with HTTP ${status}.`
    const reason = status === 404 ? null : refusalReason(told)
    return failure(endpoint, told, fallback, { status, sent: status, reason, same: false })
  }
  if (status === 401 || status === 402 || status === 403) {
    // The vendor's words may repeat a part of the key; the caller can do nothing about it anyway.
    const message = `The provider ${name} did not accept the gateway's account (HTTP ${status}).`
    return failure(endpoint, null, message, { status, sent: 502, reason: 'serverError', same: false })
  }
  if (status === 429) {
    const error = new GatewayError('provider_rate_limited', {
      message: words(endpoint, told) ?? `The provider ${name} is limiting requests.`,
      ...(retryAfterMs === null ? {} : { retryAfterSeconds: Math.max(1, Math.ceil(retryAfterMs / 1_000)) }),
      ...codeOf(told),
    })
    // `insufficient_quota` is a 429 that no waiting cures; another account may.
    const spent = told?.code === 'insufficient_quota'
    return { error, reason: 'rateLimit', sameTargetMayHelp: !spent, status, retryAfterMs }
  }
  if (status === 408) return timedOut(endpoint, `The provider ${name} gave up waiting (HTTP 408).`, status)
  // A redirect is not followed, and the same target would send it again; another one may answer.
  const redirect = status >= 300 && status < 400
  const reason = status >= 500 || redirect ? 'serverError' : null
  const fallback = `The provider ${name} answered with HTTP ${status}.`
  const options = { status, sent: 502, reason, same: !redirect } as const
  return { ...failure(endpoint, told, fallback, options), retryAfterMs }
}

/** An error that the vendor sent inside a 200. */
export function failureOfErrorBody(endpoint: Endpoint, error: unknown): VendorFailure {
  const told = endpoint.provider.readError({ error })
  const refused = refusalReason(told)
  const reason = refused ?? 'serverError'
  const options = { status: 200, sent: 502, reason, same: refused === null } as const
  return failure(endpoint, told, `The provider ${endpoint.entity.name} answered with an error.`, options)
}

/** What keeps a whole answer with a 200 from being one; null for a good one. */
export function failureOfWhole(endpoint: Endpoint, fields: unknown, status: number): VendorFailure | null {
  if (!isRecord(fields)) return garbage(endpoint, 'an answer that is not valid JSON', status)
  const error = failureIn(fields)
  if (error !== null) return failureOfErrorBody(endpoint, error)
  return Array.isArray(fields.choices) ? null : garbage(endpoint, 'an answer without "choices"', status)
}

/** An answer that says nothing but that it refuses, or that the vendor's filter stopped. */
export function refusedContent(endpoint: Endpoint): VendorFailure {
  const message = `The provider ${endpoint.entity.name} refused the content.`
  const options = { status: 200, sent: 502, reason: 'contentRefused', same: false } as const
  return failure(endpoint, null, message, options)
}

/** The caller went away: nobody's failure, and no reason to try again. */
export function givenUp(status: number | null): VendorFailure {
  const error = new GatewayError('client_closed')
  return { error, reason: null, sameTargetMayHelp: false, status, retryAfterMs: null }
}

/** Another target answered first: nobody's failure, and never the caller's to read. */
export function outrun(endpoint: Endpoint, status: number | null): VendorFailure {
  const message = `Another target answered before the provider ${endpoint.entity.name}.`
  return { ...timedOut(endpoint, message, status), reason: 'hedge' }
}

/** A 200 that isn't what was asked for. */
export function garbage(endpoint: Endpoint, what: string, status: number): VendorFailure {
  const message = `The provider ${endpoint.entity.name} sent ${what}.`
  return failure(endpoint, null, message, { status, sent: 502, reason: 'serverError', same: true })
}

export function failureOfConnection(
  endpoint: Endpoint,
  cause: UpstreamError,
  status: number | null,
): VendorFailure {
  const { name } = endpoint.entity
  switch (cause.failure) {
    case 'refused': {
      const message = `The provider ${name} has an address that is not allowed. ${cause.message}`
      return failure(endpoint, null, message, { status, sent: 502, reason: 'connection', same: false, cause })
    }
    case 'connectTimeout':
      return {
        ...timedOut(endpoint, `The provider ${name} could not be reached in time.`, status),
        reason: 'connection',
      }
    case 'connect':
      return failure(endpoint, null, `The provider ${name} could not be reached. ${cause.message}`, {
        status,
        sent: 502,
        reason: 'connection',
        same: true,
        cause,
      })
    case 'tooLarge':
      return garbage(endpoint, 'more than the gateway takes', status ?? 200)
    case 'broken':
      return failure(endpoint, null, `The connection to the provider ${name} broke.`, {
        status,
        sent: 502,
        reason: 'connection',
        same: true,
        cause,
      })
  }
}

/** What keeps a stream that is over from being whole. A vendor that leaves `[DONE]` out has still given a finish reason. */
export function failureOfEnd(
  endpoint: Endpoint,
  { finished, terminal }: { readonly finished: boolean; readonly terminal: unknown },
  status: number | null,
): VendorFailure | null {
  if (finished || terminal) return null
  return failureOfConnection(endpoint, new UpstreamError('broken', 'The stream ended in the middle.'), status)
}

/** @param when the call's own time was up, or the vendor was silent for too long in the middle or before it began. */
export function ranOutOfTime(
  endpoint: Endpoint,
  when: 'deadline' | 'middle' | 'beginning',
  status: number | null,
): VendorFailure {
  const what = {
    deadline: 'did not finish in the time that the call had',
    middle: 'fell silent in the middle of its answer',
    beginning: 'did not begin to answer in time',
  }[when]
  return timedOut(endpoint, `The provider ${endpoint.entity.name} ${what}.`, status)
}

export function timedOut(_endpoint: Endpoint, message: string, status: number | null): VendorFailure {
  const error = new GatewayError('provider_timeout', { message })
  return { error, reason: 'timeout', sameTargetMayHelp: true, status, retryAfterMs: null }
}

/** Its stream had begun, and came more slowly than the route wants. */
export function tooSlow(endpoint: Endpoint, status: number | null): VendorFailure {
  const message = `The provider ${endpoint.entity.name} answered more slowly than the route wants.`
  return { ...timedOut(endpoint, message, status), reason: 'slow' }
}

const MAX_RETRY_AFTER_MS = 60_000

/**
 * `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), bounded to a minute; null when there is
 * none or it makes no sense.
 */
export function readRetryAfter(headers: UpstreamHeaders, now: number): number | null {
  const ms = single(headers['retry-after-ms'])
  if (ms !== null && /^\d{1,12}(\.\d+)?$/.test(ms)) return Math.min(MAX_RETRY_AFTER_MS, Number(ms))
  const text = single(headers['retry-after'])
  if (text === null) return null
  if (/^\d{1,12}(\.\d+)?$/.test(text)) return Math.min(MAX_RETRY_AFTER_MS, Number(text) * 1_000)
  if (!/^[A-Z][a-z]{2}, /.test(text)) return null
  const at = Date.parse(text)
  return Number.isNaN(at) ? null : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, at - now))
}

function single(value: string | string[] | undefined): string | null {
  const first = Array.isArray(value) ? value[0] : value
  return first === undefined ? null : first.trim()
}

interface FailureOptions {
  readonly status: number | null
  readonly sent: number
  readonly reason: FailureReason | null
  readonly same: boolean
  readonly cause?: unknown
}

function failure(
  endpoint: Endpoint,
  told: VendorError | null,
  fallback: string,
  options: FailureOptions,
): VendorFailure {
  const error = new GatewayError('provider_error', {
    message: words(endpoint, told) ?? fallback,
    status: options.sent,
    ...(told?.param ? { param: told.param.slice(0, 200) } : {}),
    ...codeOf(told),
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  })
  const { reason, same: sameTargetMayHelp, status } = options
  return { error, reason, sameTargetMayHelp, status, retryAfterMs: null }
}

/** OpenAI's and Azure's codes; servers that have none (vLLM, llama.cpp, TGI and Together, with a 422) say it in words. */
const TOO_LONG =
  /maximum context length|context (window|size|length)|prompt is too long|exceeds? the (available|model'?s)|`inputs` tokens \+ /i
const CONTENT_CODES = new Set(['content_filter', 'content_policy_violation', 'ResponsibleAIPolicyViolation'])

function refusalReason(told: VendorError | null): 'contextTooLong' | 'contentRefused' | null {
  if (!told) return null
  if (told.code === 'context_length_exceeded' || TOO_LONG.test(told.message)) return 'contextTooLong'
  return told.code !== null && CONTENT_CODES.has(told.code) ? 'contentRefused' : null
}

const MAX_MESSAGE = 1_000
const KEY_SHAPES = /\b(?:sk|pk|rk|gsk|xai|key|Bearer)[-_ ][A-Za-z0-9_\-*.]{8,}/g

function words(endpoint: Endpoint, told: VendorError | null): string | null {
  if (!told) return null
  let message = told.message
  for (const secret of endpoint.secrets) message = message.replaceAll(secret, '[removed]')
  return message.replace(KEY_SHAPES, '[removed]').slice(0, MAX_MESSAGE)
}

function codeOf(told: VendorError | null): { providerCode?: string } {
  return told?.code ? { providerCode: told.code.slice(0, 100) } : {}
}

export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}
