/** Makes one attempt ready: its intent is told to the journal, and the bytes for the vendor wait until that is written. */
import { formatUsd } from '../../lib/contract/money.ts'
import type { Call } from '../call.ts'
import { chatBodyFor } from '../dialects/openai-chat-request.ts'
import { GatewayError } from '../gateway-error.ts'
import { outputShape } from '../limits/cost-bound.ts'
import { endpointOf, requestTo, USER_AGENT } from '../providers/endpoint.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import type { Upstream, UpstreamRequest } from '../upstream/upstream.ts'
import { Attempt } from './attempt.ts'
import { degradationOf } from './degradation.ts'
import { giveBack } from './hold.ts'
import { priceTold, sumCost } from './meter.ts'
import { completeHold, type Reservation } from './reserve.ts'

const CHAT_PATH = '/chat/completions'

/** To be started once the intent is written. No closure: it would keep the request for as long as the attempt lives. */
export interface PreparedAttempt {
  readonly attempt: Attempt
  readonly upstream: Upstream
  readonly request: UpstreamRequest
}

export interface Dispatch {
  readonly target: CompiledTarget
  /** The target that the route would have had answer. */
  readonly wanted: CompiledTarget
  readonly index: number
  readonly reservation: Reservation
  /** Its place in the provider's list. */
  readonly credential: number
  /** Whether another target could take over where its answer only refuses, or is slow. */
  readonly mayBeLeft: boolean
}

/** @throws GatewayError `books_full` when the journal takes no intent; then nothing was sent, and nothing is held. */
export function prepareAttempt(
  call: Call,
  { target, wanted, index, reservation, credential, mayBeLeft }: Dispatch,
): PreparedAttempt {
  const { around, chat, route, configuration } = call
  if (!chat || !route || !configuration) throw new GatewayError('internal_error')
  const endpoint = endpointOf(target.provider, around.clock)
  if (!endpoint) {
    giveBack(call, reservation.hold)
    throw new GatewayError('no_target_available', {
      message: `This gateway can't reach the provider ${target.provider.name}: it knows no address for it.`,
    })
  }
  call.simulated = endpoint.simulated !== null
  try {
    completeHold(call, target, reservation)
    intend(call, target, index, reservation)
  } catch (error) {
    giveBack(call, reservation.hold)
    throw error
  }
  around.policing.counters.written(reservation.hold)
  if (call.admission) around.policing.counters.written(call.admission)
  call.dispatched.push({ target, hold: reservation.hold })
  if (reservation.reservedPicoUsd !== null)
    call.reservedPicoUsd = (call.reservedPicoUsd ?? 0n) + reservation.reservedPicoUsd

  const attempt = new Attempt({
    endpoint,
    stream: chat.stream,
    timeouts: route.route.timeouts,
    deadline: call.deadline,
    clock: around.clock,
    whenCallerGone: route.route.onDisconnect,
    holdRefusals: mayBeLeft && route.route.fallback.contentRefused,
    minOutputSpeed: mayBeLeft ? route.route.timeouts.minOutputSpeed : null,
    reading: {
      choices: outputShape(chat.fields).choices,
      usageAsked: chat.usageAsked,
      notice: degradationOf(call, target, wanted)?.notice ?? null,
      quote: (told, reader) => {
        const picoUsd = priceTold({ configuration, target, at: call.at, index }, reader, told)
        const before = sumCost(call.attempts)
        return picoUsd === null || before === null ? null : formatUsd(before + picoUsd)
      },
    },
  })
  const body = chatBodyFor(chat, {
    model: target.model,
    maxOutputTokens: reservation.maxOutputTokens,
    outputCap: endpoint.provider.outputCap(endpoint.entity),
    asksForUsage: endpoint.provider.asksForUsage(endpoint.entity),
  })
  const headers = upstreamHeaders(call)
  const request = requestTo(endpoint, { method: 'POST', path: CHAT_PATH, headers, body }, credential)
  return { attempt, upstream: endpoint.simulated ?? around.upstream, request }
}

/** By allow-list: a caller's key, cookies, forwarding headers and ours never reach a vendor. */
function upstreamHeaders(call: Call): Record<string, string> {
  const headers: Record<string, string> = {
    accept: call.chat?.stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    'user-agent': USER_AGENT,
    // OpenAI logs this id, so that a call can be found on its side too.
    'x-client-request-id': call.id,
  }
  const beta = call.request.headers['openai-beta']
  if (typeof beta === 'string') headers['openai-beta'] = beta
  if (call.headers?.traceparent) headers.traceparent = call.headers.traceparent
  return headers
}

function intend(
  call: Call,
  target: CompiledTarget,
  index: number,
  { hold, reservedPicoUsd }: Reservation,
): void {
  const { around, owner, route, chat, headers } = call
  around.books.intend({
    callId: call.id,
    attempt: index,
    call: {
      id: call.id,
      traceId: call.traceId,
      at: call.at,
      kind: 'llm',
      teamId: owner?.team.id ?? null,
      consumerId: owner?.consumer.id ?? null,
      keyId: owner?.key.id ?? null,
      routeId: route?.route.id ?? null,
      route: route?.route.name ?? null,
      stream: chat?.stream ?? false,
      requestedModel: chat?.model ?? null,
      endUser: headers?.endUser ?? null,
      tags: headers?.tags ?? {},
      revision: call.configuration?.revision ?? 0,
      simulated: call.simulated,
    },
    providerId: target.provider.id,
    providerKind: target.provider.kind,
    model: target.model,
    startedAt: around.clock.now(),
    estimatedInputTokens: chat?.estimatedInputTokens ?? 0,
    reservedPicoUsd: reservedPicoUsd === null ? null : reservedPicoUsd.toString(),
    hold,
    admission: index === 0 ? call.admission : null,
  })
}
