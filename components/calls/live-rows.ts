/** The live tail: which booked calls belong to what is shown, and how rows come in without one standing there twice. */
import { callOutcome } from '@/lib/format/call-outcome'
import type { Call } from '@/lib/resources/calls/schema'

/** The filters of the address, as `GET /calls` takes them. */
export interface CallFilters {
  readonly q?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
  readonly teamId?: string | undefined
  readonly consumerId?: string | undefined
  readonly keyId?: string | undefined
  readonly route?: string | undefined
  readonly providerId?: string | undefined
  readonly model?: string | undefined
  readonly kind?: string | undefined
  readonly outcome?: string | undefined
  readonly code?: string | undefined
  readonly stream?: string | undefined
  readonly degraded?: string | undefined
  readonly simulated?: string | undefined
}

/** Rows kept in the head of a list that nobody scrolls: older ones are a page away. */
export const MAX_LIVE_ROWS = 500

/**
 * Whether a call that was just booked stands in a list with these filters. The server decides what a list holds; this
 * says the same of one call, and answers null where it cannot judge: a search.
 */
export function belongs(call: Call, filters: CallFilters): boolean | null {
  const at = Date.parse(call.at)
  if (filters.from && at < Date.parse(filters.from)) return false
  if (filters.to && at >= Date.parse(filters.to)) return false
  if (filters.teamId && call.teamId !== filters.teamId) return false
  if (filters.consumerId && call.consumerId !== filters.consumerId) return false
  if (filters.keyId && call.keyId !== filters.keyId) return false
  if (filters.route && call.route !== filters.route) return false
  if (filters.providerId && call.providerId !== filters.providerId) return false
  if (filters.model && call.servedModel !== filters.model && call.requestedModel !== filters.model)
    return false
  if (filters.kind && call.kind !== filters.kind) return false
  if (filters.code && call.code !== filters.code) return false
  if (filters.degraded && call.degraded === null) return false
  if (filters.stream && String(call.stream) !== filters.stream) return false
  if (filters.simulated === 'exclude' && call.simulated) return false
  if (filters.simulated === 'only' && !call.simulated) return false
  if (filters.outcome && filters.outcome !== callOutcome(call)) return false
  if (filters.q) return null
  return true
}

/** New rows before the old ones, newest first, each call once, at most `max`. */
export function prepend(rows: readonly Call[], added: readonly Call[], max = MAX_LIVE_ROWS): Call[] {
  const seen = new Set<string>()
  const merged: Call[] = []
  for (const row of [...added, ...rows]) {
    if (seen.has(row.id)) continue
    seen.add(row.id)
    merged.push(row)
  }
  return merged.sort((a, b) => (a.at === b.at ? (a.id < b.id ? 1 : -1) : a.at < b.at ? 1 : -1)).slice(0, max)
}

/** The row after (+1) or before (−1) the open one; stays at the ends. */
export function neighbour(
  rows: readonly { id: string }[],
  openId: string | null,
  step: 1 | -1,
): string | null {
  if (rows.length === 0) return null
  const index = rows.findIndex((row) => row.id === openId)
  if (index < 0) return rows[0]?.id ?? null
  return rows[Math.min(rows.length - 1, Math.max(0, index + step))]?.id ?? null
}
