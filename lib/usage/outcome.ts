import type { UsageEvent } from '../contract/usage-event.ts'

export type CallOutcome = 'ok' | 'error' | 'refused'

/** Codes that a vendor's failure or the caller's leaving gives, at whatever status. */
const NOT_OURS = new Set(['provider_error', 'provider_rate_limited', 'provider_timeout', 'client_closed'])

/**
 * `refused`: 4xx of our own, by policy or for a bad request; `error`: the rest from 400. The log filters by it and the
 * rollups count by it, so that a total is the number of the rows behind it.
 */
export function callOutcome({ status, code }: Pick<UsageEvent, 'status' | 'code'>): CallOutcome {
  if (status < 400) return code === null ? 'ok' : 'error'
  if (status < 500 && code !== null && !NOT_OURS.has(code)) return 'refused'
  return 'error'
}
