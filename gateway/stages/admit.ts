/** Requests and concurrency of a whole call, before anything is spent on it. */
import type { LimitEntity } from '../../lib/contract/entities.ts'
import type { Call } from '../call.ts'
import type { Applied } from '../limits/applicable.ts'
import { policiesOfCall } from '../limits/applicable.ts'
import { COUNTS, isHold, type Want } from '../limits/counters.ts'
import { limitKey } from '../limits/policing.ts'
import { rateLimited } from './refusals.ts'

/** @throws GatewayError `rate_limit_exceeded`; then nothing was counted. */
export function admit(call: Call): void {
  const { configuration, around } = call
  if (!configuration) return
  const applied = policiesOfCall(configuration.policies, call.subjects).filter(isOfWholeCall)
  if (applied.length === 0) return
  call.limits.push(...applied)
  const wants = applied.map(({ policy, subject }) => wantOf(policy, subject))
  const result = around.policing.counters.reserve(wants)
  if (!isHold(result)) throw rateLimited(applied[result.index], result)
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

function isOfWholeCall(applied: Applied): applied is Applied<LimitEntity> {
  const { policy } = applied
  return policy.type === 'limit' && (policy.metric === 'requests' || policy.metric === 'concurrency')
}

/** One request, or one place among those at once. */
export function wantOf(limit: LimitEntity, subject: string): Want {
  return {
    key: limitKey(limit, subject),
    counts: limit.metric === 'concurrency' ? COUNTS.concurrency : COUNTS.requests,
    amount: 1n,
    limit: BigInt(limit.limit),
    windowMs: (limit.windowSeconds ?? 0) * 1_000,
  }
}
