/** The headers that steer a call: tags, end user, timeout and trace, each checked before anything is spent. */
import type { IncomingHttpHeaders } from 'node:http'
import { isHeaderText, isReservedTag, isTagName, isTagValue, MAX_TAGS } from '../../lib/contract/call-tags.ts'
import { GatewayError } from '../gateway-error.ts'
import { newTraceId } from '../ids.ts'

const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/
const TRACE_ID = /^[A-Za-z0-9._-]{1,64}$/

/** The trace that a call belongs to: `traceparent`, else `x-gatehouse-trace-id`, else a new one. Never fails. */
export function readTraceId(headers: IncomingHttpHeaders): string {
  const traceparent = single(headers.traceparent)
  if (traceparent !== null) {
    const traceId = TRACE_PARENT.exec(traceparent)?.[1]
    if (traceId && !/^0+$/.test(traceId)) return traceId
  }
  const own = single(headers['x-gatehouse-trace-id'])
  return own !== null && TRACE_ID.test(own) ? own : newTraceId()
}

export interface CallHeaders {
  readonly tags: Record<string, string>
  readonly endUser: string | null
  readonly timeoutMs: number | null
  /** As it came, when it is valid: goes on to the vendor. */
  readonly traceparent: string | null
}

/** @throws GatewayError `invalid_request` naming the header. */
export function readCallHeaders(headers: IncomingHttpHeaders): CallHeaders {
  const traceparent = single(headers.traceparent)
  const ownTrace = single(headers['x-gatehouse-trace-id'])
  if (ownTrace !== null && !TRACE_ID.test(ownTrace)) {
    throw invalid('x-gatehouse-trace-id', 'must be 1 to 64 letters, digits, dots, dashes or underscores')
  }
  return {
    tags: readTags(single(headers['x-gatehouse-tags'])),
    endUser: readEndUser(single(headers['x-gatehouse-user'])),
    timeoutMs: readTimeout(single(headers['x-gatehouse-timeout-ms'])),
    traceparent: traceparent !== null && TRACE_PARENT.test(traceparent) ? traceparent : null,
  }
}

function readTags(text: string | null): Record<string, string> {
  const tags: Record<string, string> = {}
  if (text === null || text === '') return tags
  const pairs = text.split(',')
  if (pairs.length > MAX_TAGS) throw invalid('x-gatehouse-tags', `has more than ${MAX_TAGS} tags`)
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const key = pair.slice(0, equals).trim()
    const value = pair.slice(equals + 1).trim()
    if (equals < 1 || !isTagName(key) || !isTagValue(value))
      throw invalid('x-gatehouse-tags', 'must be a list like team=search,env=prod')
    if (isReservedTag(key) || Object.hasOwn(tags, key))
      throw invalid('x-gatehouse-tags', 'names a tag twice, or a reserved one')
    tags[key] = value
  }
  return tags
}

function readEndUser(text: string | null): string | null {
  if (text === null || text === '') return null
  if (text.length > 200 || !isHeaderText(text))
    throw invalid('x-gatehouse-user', 'must be at most 200 printable characters')
  return text
}

function readTimeout(text: string | null): number | null {
  if (text === null) return null
  const ms = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (ms < 1 || ms > 3_600_000)
    throw invalid('x-gatehouse-timeout-ms', 'must be a whole number from 1 to 3600000')
  return ms
}

function single(value: string | string[] | undefined): string | null {
  return value === undefined ? null : Array.isArray(value) ? (value[0] ?? null) : value
}

function invalid(header: string, what: string): GatewayError {
  return new GatewayError('invalid_request', { message: `The header ${header} ${what}.`, param: header })
}
