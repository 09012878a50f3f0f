/** `refused`: by the gate itself; `error`: what failed at the vendor, or was cut. */
export type CallOutcome = 'ok' | 'error' | 'refused'

/** Codes that a vendor's failure or the caller's leaving gives, at whatever status. */
const NOT_OURS = new Set(['provider_error', 'provider_rate_limited', 'provider_timeout', 'client_closed'])

/**
 * `refused`: 4xx of our own, by policy or for a bad request; `error`: the rest from 400. A vendor's refusal keeps the
 * vendor's status, so the code and not the status tells whose it was. The log filters by it, the rollups count by it
 * and the console names it, so that a total is the number of the rows behind it.
 */
export function callOutcome({ status, code }: { status: number; code: string | null }): CallOutcome {
  if (status < 400) return code === null ? 'ok' : 'error'
  return status < 500 && code !== null && !NOT_OURS.has(code) ? 'refused' : 'error'
}
