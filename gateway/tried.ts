/** An attempt on its way, with what was taken for it; and how it is written into its call once it is over. */
import { type Call, requireConfiguration } from './call.ts'
import { readServiceTier } from './dialects/openai-usage.ts'
import type { Credential } from './routing/credential.ts'
import type { Flight } from './routing/target-health.ts'
import { verdictOf } from './routing/verdict.ts'
import type { CompiledTarget } from './snapshot/configuration.ts'
import type { Attempt } from './stages/attempt.ts'
import { correctHold } from './stages/hold.ts'
import { meterAttempt } from './stages/meter.ts'
import type { Reservation } from './stages/reserve.ts'

export interface Tried {
  readonly attempt: Attempt
  readonly target: CompiledTarget
  readonly wanted: CompiledTarget
  readonly credential: Credential
  readonly flight: Flight
  /** Of the attempt in its call, from 0. */
  readonly index: number
  readonly startedAt: number
  readonly reservation: Reservation
}

/** One whose answer is the caller's. */
export interface Won extends Tried {
  /** It stands in the call already. */
  readonly isRecorded: boolean
}

export function recordAnswer(call: Call, won: Won): void {
  if (!won.isRecorded) record(call, won, false)
}

/**
 * Usage, cost and lines of a finished attempt.
 * @param isCredentialsOwn it failed for its credential alone, and another one is ready: nothing is held against the target
 */
export function record(call: Call, tried: Tried, isCredentialsOwn: boolean): void {
  const { attempt, target, flight, index, startedAt, reservation } = tried
  const verdict = isCredentialsOwn ? 'none' : verdictOf(call, attempt, index)
  flight.ended(verdict, call.around.clock.monotonic())
  const {
    record: entry,
    lines,
    unpriced,
  } = meterAttempt({
    configuration: requireConfiguration(call),
    target,
    attempt,
    index,
    at: call.at,
    startedAt,
    estimatedInputTokens: call.chat?.estimatedInputTokens ?? 0,
    requestedServiceTier: readServiceTier(call.chat?.fields.service_tier),
    most: reservation.most,
  })
  // Of two that were under way at once, the later one may be over first.
  if (index >= call.attempts.length) call.attempts.push(entry)
  else call.attempts.splice(index, 0, entry)
  correctHold(call, target, reservation, entry)
  call.lines.push(...lines)
  call.unpriced ||= unpriced
  if (entry.reason === 'hedge') return
  call.servedModel = entry.servedModel ?? call.servedModel
  if (entry.firstTokenMs !== null && attempt.firstTokenAt !== null) {
    call.firstTokenMs = Math.max(0, Math.round(attempt.firstTokenAt - call.startedAt))
  }
}
