/** What is booked for a call whose process died: all that its intents say, and "unknown" for the rest. */
import { NO_USAGE } from '../../lib/contract/usage.ts'
import type { Attempt, UsageEvent } from '../../lib/contract/usage-event.ts'
import type { Log } from '../telemetry/log.ts'
import type { Intent } from './books.ts'

/** An event for each call of an earlier process that has intents and no settlement. */
export function unsettledEvents(
  open: readonly (readonly Intent[])[],
  log: Log,
): Omit<UsageEvent, 'sequence'>[] {
  return open.map((intents) => {
    const event = unsettledEvent(intents)
    log('warn', 'journal.unsettled_call', {
      message: 'A call was in flight when the gateway died; it is booked as unknown.',
      requestId: event.id,
      attempts: event.attempts.length,
    })
    return event
  })
}

/**
 * The event of a call that was never settled. The vendor may or may not have seen it: the input is our estimate, the
 * cost is unknown, and 502 stands for an answer that the caller did not get to its end.
 */
function unsettledEvent(intents: readonly Intent[]): Omit<UsageEvent, 'sequence'> {
  const sorted = [...intents].sort((a, b) => a.attempt - b.attempt)
  const last = sorted.at(-1)
  if (!last) throw new Error('a call without intents')
  const attempts = sorted.map(
    (intent): Attempt => ({
      providerId: intent.providerId,
      providerKind: intent.providerKind,
      model: intent.model,
      servedModel: null,
      status: null,
      code: 'provider_error',
      outcome: 'unknown',
      reason: 'unknown',
      startedAt: intent.startedAt,
      latencyMs: 0,
      firstTokenMs: null,
      usage: { ...NO_USAGE, inputTokens: intent.estimatedInputTokens },
      usageSource: intent.estimatedInputTokens > 0 ? 'estimated' : 'none',
      serviceTier: null,
      requestedServiceTier: null,
      vendorCostUsd: null,
      costPicoUsd: null,
    }),
  )
  const inputTokens = attempts.reduce((sum, attempt) => sum + attempt.usage.inputTokens, 0)
  return {
    ...last.call,
    status: 502,
    code: 'provider_error',
    servedModel: null,
    providerId: last.providerId,
    usage: { ...NO_USAGE, inputTokens },
    usageSource: inputTokens > 0 ? 'estimated' : 'none',
    costPicoUsd: null,
    unpriced: false,
    reservedPicoUsd: sumOf(sorted),
    lines: [],
    attempts,
    dropped: [],
    latencyMs: 0,
    firstTokenMs: null,
    overheadUs: null,
  }
}

/** What is held for them stays held: nobody knows what the vendor charges. */
function sumOf(intents: readonly Intent[]): string | null {
  const held = intents.flatMap(({ reservedPicoUsd }) => (reservedPicoUsd ? [BigInt(reservedPicoUsd)] : []))
  return held.length === 0 ? null : held.reduce((sum, amount) => sum + amount, 0n).toString()
}
