/** Asks targets until one answers: which is asked, whether a failure is tried again, and what becomes of a refusal. */
import { type Call, requireRoute, waitingFor } from './call.ts'
import { GatewayError } from './gateway-error.ts'
import { besides } from './hedging.ts'
import type { VendorFailure } from './providers/vendor-failure.ts'
import type { TargetPlan } from './routing/target-plan.ts'
import type { CompiledRoute, CompiledTarget, Configuration } from './snapshot/configuration.ts'
import type { Attempt } from './stages/attempt.ts'
import { prepareAttempt } from './stages/dispatch.ts'
import { giveBack } from './stages/hold.ts'
import { MAX_WAIT_FOR_VENDOR_MS, nextTarget } from './stages/next-target.ts'
import { isCurrent, type Reservation, reserve, type Unfit } from './stages/reserve.ts'
import { record, type Tried, type Won } from './tried.ts'

/** A refusal that was left for another target, with what the call knew of itself when it came. */
interface Refusal {
  readonly won: Tried
  readonly lastFailure: string | null
}

/**
 * Where nobody gives a better answer, for want of room or because they fail, the last refusal is the caller's.
 * @throws GatewayError when nobody answers
 */
export async function findAnswer(
  call: Call,
  route: CompiledRoute,
  configuration: Configuration,
): Promise<Won> {
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
  // What is asked beside another is no try of its own.
  for (let tries = 0; ; ) {
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
    const credential = plan.takeCredential(target, tries < route.route.retries.attempts)
    if (credential === null) {
      giveBack(call, reservation.hold)
      continue
    }
    const startedAt = clock.now()
    const mayBeLeft = isEverLeft(route) && tries < route.route.retries.attempts && plan.hasAnother(target)
    const index = call.dispatched.length
    const dispatch = { target, wanted, index, reservation, credential: credential.position, mayBeLeft }
    const { attempt, upstream, request } = prepareAttempt(call, dispatch)
    call.waiting = attempt
    if (!(await call.around.books.written())) {
      giveBack(call, reservation.hold)
      throw new GatewayError('books_full')
    }
    const flight = plan.begin(target)
    attempt.start(upstream, request)
    let tried: Tried = { attempt, target, wanted, credential, flight, index, startedAt, reservation }
    const { hedge } = route.route
    if (hedge === null || plan.isLastResort) await waitingFor(call, attempt.opened)
    else tried = await besides(call, plan, tried, { hedge, mayBeLeft })

    const isCredentialsOwn = plan.heed(tried.target, tried.credential, tried.attempt)
    const isLeft = isLeftFor(call, plan, tried, { tries, isCredentialsOwn })
    if (isLeft) tried.attempt.leave()
    const { firstTokenAt, json } = tried.attempt
    failed = tried.attempt.failure
    if (failed === null) {
      tried.flight.heard(json === null, firstTokenAt ?? clock.monotonic())
      return { ...tried, isRecorded: false }
    }
    record(call, tried, isCredentialsOwn)
    if (isLeft && failed.reason === 'contentRefused')
      refusals.push({ won: tried, lastFailure: call.lastFailure })
    call.lastFailure = failed.reason
    plan.learn(tried.target, failed, isCredentialsOwn)
    if (!isLeft && !mayRepeat(call, plan, failed, { tries, isCredentialsOwn })) throw failed.error
    if (isCredentialsOwn) again = tried.target
    tries += 1
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
  call.simulated = attempt.endpoint.simulated !== null
  call.firstTokenMs = Math.max(0, Math.round(call.around.clock.monotonic() - call.startedAt))
  return { ...won, isRecorded: true }
}

function isEverLeft({ route: { fallback, timeouts } }: CompiledRoute): boolean {
  return fallback.contentRefused || timeouts.minOutputSpeed !== null
}

interface Standing {
  readonly tries: number
  /** It failed for its credential alone, and another one is ready. */
  readonly isCredentialsOwn: boolean
}

/** An answer that only refuses, or is slow, is the caller's answer where nobody else can be asked. */
function isLeftFor(
  call: Call,
  plan: TargetPlan,
  { attempt, target }: { readonly attempt: Attempt; readonly target: CompiledTarget },
  standing: Standing,
): boolean {
  const { doubt, failure } = attempt
  if (doubt === null || failure !== null || !plan.hasAnother(target)) return false
  return mayRepeat(call, plan, doubt, standing)
}

/** A try that can't help, or that the gateway does not allow itself, is not made. */
function mayRepeat(
  call: Call,
  plan: TargetPlan,
  { reason, status }: VendorFailure,
  { tries, isCredentialsOwn }: Standing,
): boolean {
  const { retries, fallback } = requireRoute(call)
  const { balancer, clock } = call.around
  if (reason === null || reason === 'hedge' || tries >= retries.attempts || plan.isLastResort) return false
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
