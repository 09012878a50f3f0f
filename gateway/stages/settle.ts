/** Closes a call in the books: exactly once for each, the refused ones too, before the caller sees the end. */
import type { GatewayErrorCode } from '../../lib/contract/error-codes.ts'
import { answeringAttempt, type CallRouting } from '../../lib/contract/usage-event.ts'
import type { Call } from '../call.ts'
import { sumCost, sumUsage } from './meter.ts'

/** A second settlement of a call is a no-op, so that the page that owns the flow may be plain about its exits. */
export async function settle(call: Call, status: number, code: GatewayErrorCode | null): Promise<void> {
  if (call.settled) return
  call.settled = true
  const { books, clock, report } = call.around
  const { usage, source } = sumUsage(call.attempts)
  try {
    books.settle({
      id: call.id,
      traceId: call.traceId,
      at: call.at,
      kind: 'llm',
      status,
      code,
      teamId: call.owner?.team.id ?? null,
      consumerId: call.owner?.consumer.id ?? null,
      keyId: call.owner?.key.id ?? null,
      routeId: call.route?.route.id ?? null,
      route: call.route?.route.name ?? null,
      stream: call.chat?.stream ?? false,
      requestedModel: call.chat?.model ?? null,
      servedModel: call.servedModel,
      providerId: answeringAttempt(call.attempts)?.providerId ?? null,
      endUser: call.headers?.endUser ?? null,
      usage,
      usageSource: source,
      costPicoUsd: sumCost(call.attempts)?.toString() ?? null,
      unpriced: call.unpriced,
      reservedPicoUsd: call.reservedPicoUsd?.toString() ?? null,
      lines: call.lines,
      attempts: call.attempts,
      dropped: [],
      simulated: call.simulated,
      latencyMs: Math.max(0, Math.round(clock.monotonic() - call.startedAt)),
      firstTokenMs: call.firstTokenMs,
      overheadUs: call.overheadUs,
      tags: call.headers?.tags ?? {},
      revision: call.configuration?.revision ?? 0,
      degraded: call.degraded ?? undefined,
      routing: routingOf(call),
    })
    // In the same turn as the books: a checkpoint between the two would count the call twice.
    for (const { hold } of call.dispatched) call.around.policing.counters.commit(hold)
    await books.settled()
  } catch (error) {
    // The intent of each attempt is in the journal already: the call will be settled from it. The answer is the caller's.
    report('a call could not be settled', error)
  }
}

/** Short, for it goes with each call: only what says something. Undefined where there was nothing to choose. */
function routingOf({ route, decision, wanted, attempts }: Call): CallRouting | undefined {
  if (!route || !decision || route.route.targets.length < 2) return
  const answering = answeringAttempt(attempts)
  const isWanted =
    wanted === null || (answering?.providerId === wanted.provider.id && answering.model === wanted.model)
  return {
    strategy: route.route.strategy,
    rule: decision.rule?.name,
    canary: decision.inCanary ?? undefined,
    wantedProviderId: isWanted ? undefined : wanted.provider.id,
    wantedModel: isWanted ? undefined : wanted.model,
  }
}
