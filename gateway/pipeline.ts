/**
 * A chat completion, stage by stage, on one page. This page owns the one settlement, `asking.ts` the tries; the stages
 * below take what they need and give a value or throw a `GatewayError`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { findAnswer } from './asking.ts'
import {
  type Call,
  openCall,
  requireConfiguration,
  requireOwner,
  type Surroundings,
  waitingFor,
} from './call.ts'
import { type ChatRequest, parseChatRequest, withoutContent } from './dialects/openai-chat-request.ts'
import { renderOpenAiErrorEvent } from './dialects/openai-error.ts'
import { callsTool, withNotice } from './dialects/openai-notice.ts'
import { GatewayError } from './gateway-error.ts'
import type { CompiledRoute, Configuration } from './snapshot/configuration.ts'
import { admit, leave } from './stages/admit.ts'
import { identify, readSecret } from './stages/authenticate.ts'
import { readCallHeaders } from './stages/call-headers.ts'
import { degradationOf, degradedRecord } from './stages/degradation.ts'
import { answerHeaders, beginStream, endStream, sendError, sendJson, sinkTo } from './stages/deliver.ts'
import { readBody } from './stages/read-body.ts'
import { resolveRoute } from './stages/resolve.ts'
import { settle } from './stages/settle.ts'
import { recordAnswer, type Won } from './tried.ts'

export async function serveChatCompletion(
  around: Surroundings,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const call = openCall(around, request, response)
  around.callBegan(call)
  try {
    const configuration = requireConfiguration(call)
    authenticate(call, configuration)
    requireCounters(call)
    call.headers = readCallHeaders(request.headers)
    call.chat = await readChat(call)
    call.route = resolveRoute(configuration, requireOwner(call), call.chat.model)
    if (!around.books.accepting) throw new GatewayError('books_full')
    call.subjects = subjectsOf(call, call.route)
    admit(call)
    const { timeouts } = call.route.route
    call.deadline = call.startedAt + Math.min(timeouts.totalMs, call.headers.timeoutMs ?? timeouts.totalMs)

    // What a stream doesn't need stays with the functions that are over by then: this one is not.
    const won = await findAnswer(call, call.route, configuration)
    if (won.attempt.json) await answerWhole(call, won, won.attempt.json.bytes)
    else await answerStream(call, won)
  } catch (error) {
    await refuse(call, error)
  } finally {
    leave(call)
    around.callEnded(call)
  }
}

async function readChat(call: Call): Promise<ChatRequest> {
  return parseChatRequest(await waitingFor(call, readBody(call.request, call.around.limits.maxBodyBytes)))
}

async function answerWhole(call: Call, won: Won, bytes: Buffer): Promise<void> {
  recordAnswer(call, won)
  const degradation = degradationOf(call, won.target, won.wanted)
  const headers = answerHeaders(call, won, degradation)
  const noticed = degradation?.notice ? withNotice(bytes, 'message', degradation.notice) : null
  if (degradation) {
    const fate = noticed ? 'told' : callsTool(won.attempt.json?.fields) ? 'toolCall' : 'noText'
    call.degraded = degradedRecord(degradation, fate, call.gone)
  }
  if (call.gone) await settle(call, 499, 'client_closed')
  else await settle(call, 200, null)
  sendJson(call, headers, noticed ?? bytes)
}

async function answerStream(call: Call, won: Won): Promise<void> {
  const { attempt } = won
  // Before the request is let go of: whether it asks for JSON matters.
  const degradation = degradationOf(call, won.target, won.wanted)
  const headers = answerHeaders(call, won, degradation)
  const goneBefore = call.gone
  if (call.gone) attempt.callerGone()
  else {
    beginStream(call, headers, attempt)
    // It may flow for minutes, and nobody is asked again: what was asked need not be kept.
    call.chat = call.chat && withoutContent(call.chat)
    attempt.flow(sinkTo(call.response, attempt, call.around.limits.writeStallMs))
  }
  const failure = await attempt.ended
  recordAnswer(call, won)
  if (degradation)
    call.degraded = degradedRecord(degradation, attempt.reader?.noticeFate ?? 'noText', goneBefore)
  if (call.gone) return settle(call, 499, 'client_closed')
  // The status line said 200 long ago; the books say what came of it.
  await settle(call, failure ? failure.error.status : 200, failure?.error.code ?? null)
  endStream(call, failure ? renderOpenAiErrorEvent(failure.error) : (attempt.reader?.ending ?? null))
}

/** A call that ends without an answer. One that fails after its stream has begun can only be cut. */
async function refuse(call: Call, error: unknown): Promise<void> {
  const refusal = error instanceof GatewayError ? error : new GatewayError('internal_error', { cause: error })
  if (refusal !== error) call.around.report('a call failed inside the gateway', error)
  if (refusal.code === 'client_closed') call.gone = true
  if (call.gone) await settle(call, 499, 'client_closed')
  else await settle(call, refusal.status, refusal.code)
  if (call.response.headersSent) call.response.destroy()
  else sendError(call, refusal)
}

function subjectsOf({ owner, headers }: Call, { route }: CompiledRoute): Call['subjects'] {
  return {
    teamId: owner?.team.id ?? null,
    consumerId: owner?.consumer.id ?? null,
    keyId: owner?.key.id ?? null,
    endUser: headers?.endUser ?? null,
    routeId: route.id,
    tags: headers?.tags ?? {},
    providerId: null,
    model: null,
  }
}

function authenticate(call: Call, configuration: Configuration): void {
  const identified = identify(configuration, readSecret(call.request), call.at)
  // A key that was good once is named in the books, so that its team sees who still sends it.
  call.owner = identified?.owner ?? null
  if (!identified?.valid) throw new GatewayError('invalid_api_key')
}

/** Counted here and by another gateway at the same time, a limit would let through twice what it allows. */
function requireCounters({ around }: Call): void {
  const waits = around.waitsFor()
  if (waits !== null) throw new GatewayError('counters_unavailable', { message: waits })
}
