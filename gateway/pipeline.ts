/**
 * A chat completion, stage by stage, on one page. This page owns every branch and the one settlement; the stages below
 * take what they need and give a value or throw a `GatewayError`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Call, openCall, type Surroundings, waitingFor } from './call.ts'
import { type ChatRequest, parseChatRequest, withoutContent } from './dialects/openai-chat-request.ts'
import { renderOpenAiErrorEvent } from './dialects/openai-error.ts'
import { callsTool, withNotice } from './dialects/openai-notice.ts'
import { readServiceTier } from './dialects/openai-usage.ts'
import { GatewayError } from './gateway-error.ts'
import type { VendorFailure } from './providers/vendor-failure.ts'
import type { Flight } from './routing/target-health.ts'
import type { TargetPlan } from './routing/target-plan.ts'
import { verdictOf } from './routing/verdict.ts'
import type { CompiledRoute, CompiledTarget, Configuration, KeyOwner } from './snapshot/configuration.ts'
import { admit, leave } from './stages/admit.ts'
import type { Attempt } from './stages/attempt.ts'
import { identify, readSecret } from './stages/authenticate.ts'
import { readCallHeaders } from './stages/call-headers.ts'
import { degradationOf, degradedRecord } from './stages/degradation.ts'
import { answerHeaders, beginStream, endStream, sendError, sendJson, sinkTo } from './stages/deliver.ts'
import { prepareAttempt } from './stages/dispatch.ts'
import { correctHold, giveBack } from './stages/hold.ts'
import { meterAttempt } from './stages/meter.ts'
import { MAX_WAIT_FOR_VENDOR_MS, nextTarget } from './stages/next-target.ts'
import { readBody } from './stages/read-body.ts'
import { isCurrent, type Reservation, reserve, type Unfit } from './stages/reserve.ts'
import { resolveRoute } from './stages/resolve.ts'
import { settle } from './stages/settle.ts'

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

interface Won {
  readonly attempt: Attempt
  readonly target: CompiledTarget
  readonly wanted: CompiledTarget
  readonly flight: Flight
  readonly index: number
  readonly startedAt: number
  readonly reservation: Reservation
  /** It failed for its credential alone, and another one is ready: nothing is held against the target. */
  readonly isCredentialsOwn: boolean
  /** It stands in the call already. */
  readonly isRecorded: boolean
}

/** A refusal that was left for another target, with what the call knew of itself when it came. */
interface Refusal {
  readonly won: Won
  readonly lastFailure: string | null
}

/** Where nobody gives a better answer, for want of room or because they fail, the last refusal is the caller's. */
async function findAnswer(call: Call, route: CompiledRoute, configuration: Configuration): Promise<Won> {
  const refusals: Refusal[] = []
  try {
    return await askTargets(call, route, configuration, refusals)
  } catch (error) {
    const refusal = refusals.at(-1)
    if (!refusal || call.gone || !(error instanceof GatewayError)) throw error
    return takeBack(call, refusal)
  }
}

/**
 * Tries targets until one answers. A repeat is safe: the caller has seen nothing, a completion changes nothing at the
 * vendor, and each try is an attempt of its own in the books, with what it cost.
 */
async function askTargets(
  call: Call,
  route: CompiledRoute,
  configuration: Configuration,
  refusals: Refusal[],
): Promise<Won> {
  const { clock } = call.around
  const plan = planTargets(call, route, configuration)
  call.decision = plan.decision
  let wanted: CompiledTarget | null = null
  let failed: VendorFailure | null = null
  let unfit: Unfit | null = null
  let patientUntil = clock.monotonic() + MAX_WAIT_FOR_VENDOR_MS
  /** To be asked again at once, with another of its credentials. */
  let again: CompiledTarget | null = null
  for (let index = 0; ; ) {
    if (call.gone) throw new GatewayError('client_closed')
    const target: CompiledTarget = again ?? (await nextTarget(call, plan, { failed, unfit, patientUntil }))
    again = null
    if (wanted === null) {
      wanted = call.wanted = plan.wantedFor(target)
      if (wanted !== target) call.lastFailure = plan.whyNotWanted
    }
    const reservation = await reserveFor(call, target, plan.hasAnother(target) ? 0 : patientUntil)
    if ('unfit' in reservation) {
      unfit = reservation
      call.lastFailure = unfit.reason
      if (unfit.waitMs === null) plan.giveUpOn(target)
      else plan.passOver(target, unfit.waitMs)
      continue
    }
    const credential = plan.takeCredential(target, index < route.route.retries.attempts)
    if (credential === null) {
      giveBack(call, reservation.hold)
      continue
    }
    const startedAt = clock.now()
    const mayBeLeft = isEverLeft(route) && index < route.route.retries.attempts && plan.hasAnother(target)
    const dispatch = { target, wanted, index, reservation, credential: credential.position, mayBeLeft }
    const { attempt, upstream, request } = prepareAttempt(call, dispatch)
    call.waiting = attempt
    if (!(await call.around.books.written())) {
      giveBack(call, reservation.hold)
      throw new GatewayError('books_full')
    }
    const flight = plan.begin(target)
    attempt.start(upstream, request)
    await waitingFor(call, attempt.opened)
    const isCredentialsOwn = plan.heed(target, credential, attempt)
    const isLeft = isLeftFor(call, plan, target, { attempt, index, isCredentialsOwn })
    if (isLeft) attempt.leave()
    if (!attempt.failure) flight.heard(attempt.json === null, attempt.firstTokenAt ?? clock.monotonic())
    const won = {
      attempt,
      target,
      wanted,
      flight,
      index,
      startedAt,
      reservation,
      isCredentialsOwn,
      isRecorded: false,
    }
    if (!attempt.failure) return won

    failed = attempt.failure
    record(call, won)
    if (isLeft && failed.reason === 'contentRefused') refusals.push({ won, lastFailure: call.lastFailure })
    call.lastFailure = failed.reason
    if (failed.reason === 'contextTooLong') plan.needLonger(target)
    else if (!failed.sameTargetMayHelp && !isCredentialsOwn) plan.giveUpOn(target)
    if (!isLeft && !mayRepeat(call, plan, failed, { index, isCredentialsOwn })) throw failed.error
    if (isCredentialsOwn) again = target
    index += 1
    patientUntil = clock.monotonic() + MAX_WAIT_FOR_VENDOR_MS
  }
}

function takeBack(call: Call, { won, lastFailure }: Refusal): Won {
  const { attempt, index } = won
  const entry = call.attempts[index]
  if (!entry) throw new GatewayError('internal_error')
  attempt.takeBack()
  call.attempts[index] = { ...entry, code: null, outcome: 'ok', reason: undefined }
  call.lastFailure = lastFailure
  call.servedModel = entry.servedModel ?? call.servedModel
  call.firstTokenMs = Math.max(0, Math.round(call.around.clock.monotonic() - call.startedAt))
  return { ...won, isRecorded: true }
}

function isEverLeft({ route: { fallback, timeouts } }: CompiledRoute): boolean {
  return fallback.contentRefused || timeouts.minOutputSpeed !== null
}

/** An answer that only refuses, or is slow, is the caller's answer where nobody else can be asked. */
function isLeftFor(
  call: Call,
  plan: TargetPlan,
  target: CompiledTarget,
  tried: Pick<Won, 'attempt' | 'index' | 'isCredentialsOwn'>,
): boolean {
  const { doubt, failure } = tried.attempt
  if (doubt === null || failure !== null || !plan.hasAnother(target)) return false
  return mayRepeat(call, plan, doubt, tried)
}

/** A try that can't help, or that the gateway does not allow itself, is not made. */
function mayRepeat(
  call: Call,
  plan: TargetPlan,
  { reason, status }: VendorFailure,
  { index, isCredentialsOwn }: Pick<Won, 'index' | 'isCredentialsOwn'>,
): boolean {
  const { retries, fallback } = requireRoute(call)
  const { balancer, clock } = call.around
  if (reason === null || index >= retries.attempts || plan.isLastResort) return false
  if (call.gone || clock.monotonic() >= call.deadline) return false
  const isWanted =
    reason === 'contextTooLong' || reason === 'contentRefused'
      ? fallback[reason]
      : reason === 'slow' || retries.on.includes(reason) || (isCredentialsOwn && status !== 429)
  return isWanted && balancer.takeRetry()
}

/** Room for an attempt, for as long as the call may wait for it. */
async function reserveFor(
  call: Call,
  target: CompiledTarget,
  patientUntil: number,
): Promise<Reservation | Unfit> {
  for (;;) {
    const asked = reserve(call, target, patientUntil)
    const reservation = asked instanceof Promise ? await waitingFor(call, asked) : asked
    if ('unfit' in reservation) return reservation
    if (!call.gone && isCurrent(call, reservation)) return reservation
    giveBack(call, reservation.hold)
    if (call.gone) throw new GatewayError('client_closed')
  }
}

async function answerWhole(call: Call, won: Won, bytes: Buffer): Promise<void> {
  record(call, won)
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
  const { failure } = await attempt.ended
  record(call, won)
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

/** Writes a finished attempt into the call: usage, cost, lines. */
function record(call: Call, won: Won): void {
  if (won.isRecorded) return
  const { attempt, target, flight, index, startedAt, reservation } = won
  const verdict = won.isCredentialsOwn ? 'none' : verdictOf(call, attempt, index)
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
  call.attempts.push(entry)
  correctHold(call, target, reservation, entry)
  call.lines.push(...lines)
  call.unpriced ||= unpriced
  call.servedModel = entry.servedModel ?? call.servedModel
  if (entry.firstTokenMs !== null && attempt.firstTokenAt !== null) {
    call.firstTokenMs = Math.max(0, Math.round(attempt.firstTokenAt - call.startedAt))
  }
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

function planTargets(call: Call, compiled: CompiledRoute, configuration: Configuration): TargetPlan {
  const { chat, subjects, at, around, request } = call
  if (!chat) throw new GatewayError('internal_error')
  const { counters } = around.policing
  const asked = { chat, subjects, at, configuration, headers: request.headers, counters }
  const plan = around.balancer.plan(compiled, asked)
  if (plan.size > 0) return plan
  if (compiled.route.allowUnpriced) throw new GatewayError('no_target_available')
  throw new GatewayError('model_unpriced', {
    message: `No target of the route "${compiled.route.name}" has a price, and the route allows none without.`,
    param: 'model',
  })
}

function requireConfiguration({ configuration }: Call): Configuration {
  if (!configuration) throw new GatewayError('not_configured')
  return configuration
}

/** Counted here and by another gateway at the same time, a limit would let through twice what it allows. */
function requireCounters({ around }: Call): void {
  const waits = around.waitsFor()
  if (waits !== null) throw new GatewayError('counters_unavailable', { message: waits })
}

function requireOwner({ owner }: Call): KeyOwner {
  if (!owner) throw new GatewayError('invalid_api_key')
  return owner
}

function requireCompiledRoute({ route }: Call): CompiledRoute {
  if (!route) throw new GatewayError('model_not_found')
  return route
}

function requireRoute(call: Call): CompiledRoute['route'] {
  return requireCompiledRoute(call).route
}
