/** Requests and concurrency of a whole call, before anything is spent on it. */
import type { Call } from '../call.ts'
import { type AppliedLimit, policiesOfCall } from '../limits/applicable.ts'
import { COUNTS, isHold, type Want, want } from '../limits/hold.ts'
import { rateLimited } from './refusals.ts'

/** @throws GatewayError `rate_limit_exceeded`; then nothing was counted. */
export function admit(call: Call): void {
  const { configuration, around, owner, route } = call
  if (!configuration || !owner || !route) return
  const { onAdmission } = policiesOfCall(configuration.policies, owner, route, call.subjects)
  if (onAdmission.length === 0) return
  call.limits.push(...onAdmission)
  const result = around.policing.counters.reserve(onAdmission.map(oneOf))
  if (!isHold(result)) throw rateLimited(onAdmission[result.index], result)
  call.admission = result
}

/** A call that is over makes room for the next; one that never reached a vendor was none. */
export function leave(call: Call): void {
  const { admission, around, attempts } = call
  if (!admission) return
  const counted = attempts.length > 0 ? 1n : 0n
  around.policing.counters.correct(
    admission,
    admission.entries.map(({ counts }) => (counts === COUNTS.concurrency ? 0n : counted)),
  )
  // Never written where no attempt was: nothing of it is kept.
  around.policing.counters.commit(admission)
  call.admission = null
}

/** One request, or one place among those at once. */
export function oneOf({ key, counts, limit, windowMs, vendor }: AppliedLimit): Want {
  return want({ key, counts, amount: 1n, limit, windowMs, waits: vendor !== null })
}
