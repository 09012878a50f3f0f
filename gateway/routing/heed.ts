/** What the answer to an attempt says of the target, and of the credential with which it was asked. */
import type { VendorFailure } from '../providers/vendor-failure.ts'
import { readQuietMs } from '../providers/vendor-room.ts'
import type { Attempt } from '../stages/attempt.ts'
import type { Candidate } from './candidate.ts'
import type { Credential } from './credential.ts'
import { isTargetsOwn } from './verdict.ts'

/** A credential that is limited, and not told for how long. */
const SHORT_REST_MS = 1_000

/** @returns whether it failed for its credential alone, and another one of the provider may be asked at once. */
export function heed(candidate: Candidate, credential: Credential, attempt: Attempt, now: number): boolean {
  const { target, health, credentials } = candidate
  const { failure } = attempt
  const quietMs = Math.max(readQuietMs(attempt.headers) ?? 0, failure?.retryAfterMs ?? 0)
  if (attempt.status === null) return false
  credential.window.add(now, failure !== null && isTargetsOwn(failure))
  const refusal = failure && refusalOf(failure)
  if (refusal !== null) credentials.refuse(credential, now, refusal)
  else if (credential.isRefused && isAccepted(attempt)) credential.accept()
  const isLimited = attempt.status === 429 && refusal === null
  if (!credentials.areSeveral || attempt.status === 503) {
    if (quietMs > 0) health.evict(now + quietMs)
  } else if (quietMs > 0 || isLimited) {
    credentials.rest(credential, target.model, now + (quietMs || SHORT_REST_MS), String(attempt.status))
  }
  const isCredentialsOwn = refusal !== null || isLimited
  return isCredentialsOwn && credentials.areSeveral && credentials.waitMs(target.model, now) === 0
}

/** In the vendor's code where it is one that we know, else its status. Null: it says nothing against the credential. */
function refusalOf({ status, error, sameTargetMayHelp }: VendorFailure): string | null {
  if (status === 401 || status === 402 || status === 403) return String(status)
  // A quota that is spent, which no waiting cures.
  return status === 429 && !sameTargetMayHelp ? (error.providerCode ?? '429') : null
}

/** Whether the vendor looked at more than the credential. */
function isAccepted({ status, failure }: Attempt): boolean {
  return failure === null || (status !== null && status >= 400 && status < 500)
}
