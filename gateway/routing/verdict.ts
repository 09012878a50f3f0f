/** What an attempt says of its target: a caller's mistake, departure or own short time says nothing. */
import type { Call } from '../call.ts'
import type { FailureReason, VendorFailure } from '../providers/vendor-failure.ts'
import type { Attempt } from '../stages/attempt.ts'
import type { Verdict } from './target-health.ts'

/** @param index of the attempt in its call, from 0 */
export function verdictOf({ deadline, headers }: Call, attempt: Attempt, index: number): Verdict {
  const { failure } = attempt
  if (failure === null) return 'good'
  if (attempt.aborted || !isTargetsOwn(failure)) return 'none'
  // The call's time was up: a target that had only a part of it, or was at its answer, is not to blame.
  const ranOut = failure.reason === 'timeout' && (attempt.endedAt ?? 0) >= deadline
  const hadAllTime = index === 0 && (headers?.timeoutMs ?? null) === null && attempt.firstTokenAt === null
  return ranOut && !hadAllTime ? 'none' : 'bad'
}

const NOT_ITS_OWN: ReadonlySet<FailureReason> = new Set(['contextTooLong', 'contentRefused', 'hedge'])

export function isTargetsOwn({ reason }: VendorFailure): boolean {
  return reason !== null && !NOT_ITS_OWN.has(reason)
}
