/**
 * Hedging: a second target is asked while the first is late, the first answer is the call's, and the other is cancelled
 * and booked (Dean and Barroso, "The Tail at Scale", 2013). The second is asked where there is room for it at once, in
 * budgets, limits and the retries that the gateway allows itself; a call never waits for it, or fails for its sake.
 */
import type { Hedge } from '../lib/contract/routing.ts'
import { type Call, waitingFor } from './call.ts'
import { GatewayError } from './gateway-error.ts'
import type { TargetPlan } from './routing/target-plan.ts'
import type { Attempt } from './stages/attempt.ts'
import { type PreparedAttempt, prepareAttempt } from './stages/dispatch.ts'
import { giveBack } from './stages/hold.ts'
import { reserveBeside } from './stages/reserve.ts'
import { record, type Tried } from './tried.ts'

interface Hedging {
  readonly hedge: Hedge
  /** Whether another target could take over where an answer only refuses, or is slow. */
  readonly mayBeLeft: boolean
}

/** Waits for the first, and for a second where that is late. @returns the one to judge; the other is in the books. */
export async function besides(call: Call, plan: TargetPlan, first: Tried, how: Hedging): Promise<Tried> {
  const lateMs = plan.lateAfterMs(first.target, how.hedge)
  const isLate = lateMs !== null && !(await waitingFor(call, opensWithin(first.attempt, lateMs)))
  const second = isLate ? await waitingFor(call, askBeside(call, plan, first, how)) : null
  if (second === null) {
    await waitingFor(call, first.attempt.opened)
    return first
  }
  await waitingFor(call, oneAnswers(first.attempt, second.attempt))
  const best = better(first, second)
  const other = best === first ? second : first
  if (answers(best.attempt) || other.attempt.failure === null) putAside(other.attempt)
  close(call, plan, other)
  if (best === second) call.lastFailure = other.attempt.failure?.reason ?? null
  call.simulated = best.attempt.endpoint.simulated !== null
  call.waiting = best.attempt
  return best
}

async function opensWithin(attempt: Attempt, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([attempt.opened, late])
  clearTimeout(timer)
  return attempt.isOpen
}

/** Null: there is nobody, or no room. */
async function askBeside(
  call: Call,
  plan: TargetPlan,
  first: Tried,
  { mayBeLeft }: Hedging,
): Promise<Tried | null> {
  const { around } = call
  const target = call.gone ? null : plan.beside(first.target)
  const reservation = target && reserveBeside(call, target)
  if (!target || !reservation) return null
  const credential = plan.takeCredential(target, false)
  if (credential === null || !around.balancer.takeRetry()) {
    giveBack(call, reservation.hold)
    return null
  }
  const { wanted } = first
  const startedAt = around.clock.now()
  const index = call.dispatched.length
  const dispatch = { target, wanted, index, reservation, credential: credential.position, mayBeLeft }
  const prepared = preparedOrNull(call, dispatch)
  if (prepared === null) return null
  const { attempt, upstream, request } = prepared
  call.waiting = {
    callerGone() {
      first.attempt.callerGone()
      attempt.callerGone()
    },
  }
  const isWritten = await around.books.written()
  const flight = plan.begin(target)
  // Its intent is told: whatever happened meanwhile, it is an attempt. One that is not sent costs nothing.
  if (isWritten && !call.gone && !answers(first.attempt)) attempt.start(upstream, request)
  else attempt.lose()
  return { attempt, target, wanted, credential, flight, index, startedAt, reservation }
}

/** The first is under way: what keeps a second from being sent is no error of the call. */
function preparedOrNull(...asked: Parameters<typeof prepareAttempt>): PreparedAttempt | null {
  try {
    return prepareAttempt(...asked)
  } catch (error) {
    if (!(error instanceof GatewayError)) asked[0].around.report('a second target could not be asked', error)
    return null
  }
}

/** Whether it is there, and is no refusal. One that is slow has begun at least. */
function answers({ isOpen, failure, doubt }: Attempt): boolean {
  return isOpen && failure === null && doubt?.reason !== 'contentRefused'
}

/** Until one of them answers; or both are over without an answer. */
async function oneAnswers(first: Attempt, second: Attempt): Promise<void> {
  await Promise.race([first.opened, second.opened])
  if (!answers(first) && !answers(second)) await Promise.all([first.opened, second.opened])
}

/** An answer before a refusal, and a refusal before a failure; of two failures the one that says what is wrong. */
function better(first: Tried, second: Tried): Tried {
  return rank(second.attempt) > rank(first.attempt) ? second : first
}

function rank(attempt: Attempt): number {
  if (answers(attempt)) return 4
  const { isOpen, failure } = attempt
  if (isOpen && failure === null) return 3
  // It tells the caller of its request: nobody else need be asked.
  if (failure?.reason === null) return 2
  return failure?.reason === 'hedge' || !isOpen ? 0 : 1
}

/** A refusal beside a better answer, or beside another refusal, is left for what it says; all else was only slower. */
function putAside(attempt: Attempt): void {
  if (attempt.failure !== null) return
  if (attempt.isOpen && attempt.doubt?.reason === 'contentRefused') attempt.leave()
  else attempt.lose()
}

/** It is over, and nobody's answer: what it says of its target, and what it cost. */
function close(call: Call, plan: TargetPlan, { attempt, ...tried }: Tried): void {
  const isCredentialsOwn = plan.heed(tried.target, tried.credential, attempt)
  const { failure, firstTokenAt } = attempt
  if (failure?.reason === 'hedge') {
    const isStream = call.chat?.stream === true
    if (firstTokenAt === null) tried.flight.outrun(isStream, call.around.clock.monotonic())
    else tried.flight.heard(isStream, firstTokenAt)
  }
  record(call, { attempt, ...tried }, isCredentialsOwn)
  if (failure) plan.learn(tried.target, failure, isCredentialsOwn)
}
