/**
 * Room for one attempt in all its limits and budgets, taken in one step before it leaves (design, promise 1). The bound
 * is made cheaply first, from the bytes; only where that does not fit is it made closely.
 */
import type { BudgetEntity } from '../../lib/contract/entities.ts'
import type { Call } from '../call.ts'
import { GatewayError } from '../gateway-error.ts'
import {
  type Applied,
  type AppliedBudget,
  isBudget,
  isLimit,
  policiesOfAttempt as policiesAt,
} from '../limits/applicable.ts'
import { type MostTokens, outputBound, outputShape } from '../limits/cost-bound.ts'
import { Hold } from '../limits/hold.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import type { PolicyIndex } from '../snapshot/policy-index.ts'
import { type Asked, ReservationPlan } from './reservation-plan.ts'

export interface Reservation {
  /** Without entries where nothing counts this attempt. */
  readonly hold: Hold
  /** What the hold is at most, pico-dollars; null without a price. */
  readonly reservedPicoUsd: bigint | null
  /** The cap on the output that must be sent; null: the caller's own stands. */
  readonly maxOutputTokens: number | null
  /** Of the request's text, for the ratio that is learned from the vendor's count; null where pictures or sound count too. */
  readonly textBytes: number | null
  /** What was held for, which no estimate passes; infinite where nothing bounds it. */
  readonly most: MostTokens
  /** What it was made under, for `isCurrent`. */
  readonly policies: PolicyIndex
  readonly readyVersion: number
}

/** This target is not for this call; another may be. */
export interface Unfit {
  readonly unfit: GatewayError
  readonly reason: 'budget' | 'limit' | 'rateLimit'
  /** When the vendor will have room again, milliseconds; null: not within this call. */
  readonly waitMs: number | null
}

/**
 * The policies are those of the running configuration, not of the call's beginning: a budget that came meanwhile holds.
 * @param patientUntil monotonic milliseconds; so long a place at the vendor may be waited for
 * @throws GatewayError when no target can have room.
 */
export function reserve(
  call: Call,
  target: CompiledTarget,
  patientUntil: number,
): Reservation | Unfit | Promise<Reservation | Unfit> {
  const { chat, configuration } = requireAsked(call)
  const { policies } = configuration
  const applied = policiesOfAttempt(call, target, policies)
  if (applied.length === 0) return unlimited(call, policies)
  showLimits(call, applied)
  const asked = { call, chat, target, applied, configuration, patientUntil }
  return areReady(call, applied) ? new ReservationPlan(asked).take() : takeWhenReady(asked)
}

/** Without the budgets that nobody minds waiting for. */
async function takeWhenReady(asked: Asked): Promise<Reservation | Unfit> {
  const { call, applied } = asked
  await requireReadiness(call, applied.filter(isBudget))
  const ready = applied.filter((one) => !isBudget(one) || isReady(call, one.policy))
  return new ReservationPlan({ ...asked, applied: ready }).take()
}

/** Room for a second call beside the first, where there is some to spare; null: nothing is waited for, or asked for less. */
export function reserveBeside(call: Call, target: CompiledTarget): Reservation | null {
  const { chat, configuration } = requireAsked(call)
  const { policies } = configuration
  const applied = policiesOfAttempt(call, target, policies)
  if (applied.length === 0) return unlimited(call, policies)
  if (!areReady(call, applied)) return null
  const plan = new ReservationPlan({ call, chat, target, applied, configuration, patientUntil: 0 })
  return plan.takeAtOnce()
}

function requireAsked(call: Call) {
  const configuration = call.around.configuration() ?? call.configuration
  if (!call.chat || !configuration) throw new GatewayError('internal_error')
  return { chat: call.chat, configuration }
}

/** Nothing counts it. */
function unlimited(call: Call, policies: PolicyIndex): Reservation {
  return {
    hold: new Hold([]),
    reservedPicoUsd: null,
    maxOutputTokens: call.route?.route.maxOutputTokens ?? null,
    textBytes: null,
    most: { inputTokens: Number.POSITIVE_INFINITY, outputTokens: mostOutput(call) },
    policies,
    readyVersion: call.around.policing.readiness.version,
  }
}

/** Whether nothing changed while the reservation was made that would have asked for more. */
export function isCurrent(call: Call, { policies, readyVersion }: Reservation): boolean {
  const now = call.around.configuration() ?? call.configuration
  return now?.policies === policies && call.around.policing.readiness.version === readyVersion
}

/**
 * In the turn in which the intent is written: a budget that became ready in between counts this attempt too, from
 * nothing. Later ones find it in flight.
 */
export function completeHold(call: Call, target: CompiledTarget, reservation: Reservation): void {
  if (isCurrent(call, reservation)) return
  const configuration = call.around.configuration() ?? call.configuration
  if (!configuration) return
  for (const one of policiesOfAttempt(call, target, configuration.policies)) {
    if (!isBudget(one) || !isReady(call, one.policy)) continue
    const key = one.keyAt(call.at)
    if (!reservation.hold.has(key)) reservation.hold.attachMoney(key, 0n)
  }
}

/** Where nothing is held, the caller's and the route's caps stand all the same. */
function mostOutput({ chat, route }: Call): number {
  const caps = [chat?.maxOutputTokens, route?.route.maxOutputTokens]
  const cap = Math.min(...caps.map((one) => one ?? Number.POSITIVE_INFINITY))
  return cap === Number.POSITIVE_INFINITY ? cap : outputBound(outputShape(chat?.fields ?? {}), cap)
}

function policiesOfAttempt(call: Call, target: CompiledTarget, policies: PolicyIndex): readonly Applied[] {
  const { owner, route } = call
  if (!owner || !route) throw new GatewayError('internal_error')
  return policiesAt(policies, owner, route, target, call.subjects)
}

/** For the headers: an attempt at another target does not show the same limit twice, and what vendors allow is ours. */
function showLimits({ limits }: Call, applied: readonly Applied[]): void {
  for (const one of applied) {
    if (isLimit(one) && one.vendor === null && !isShown(limits, one.key)) limits.push(one)
  }
}

function isShown(limits: Call['limits'], key: string): boolean {
  for (const limit of limits) if (limit.key === key) return true
  return false
}

function areReady(call: Call, applied: readonly Applied[]): boolean {
  for (const one of applied) if (isBudget(one) && !isReady(call, one.policy)) return false
  return true
}

const isReady = (call: Call, budget: BudgetEntity) => call.around.policing.readiness.isReady(budget)

/** @throws GatewayError `counters_unavailable` where nobody can say what a hard budget has spent. */
async function requireReadiness(call: Call, budgets: readonly AppliedBudget[]): Promise<void> {
  for (const { policy } of budgets) {
    if (policy.enforcement !== 'hard' || isReady(call, policy)) continue
    if (await call.around.policing.readiness.whenReady(policy, Math.max(policy.holdWaitMs, 250))) continue
    throw new GatewayError('counters_unavailable', {
      message: `What the budget "${policy.name}" has spent is not known here yet: the admin does not answer.`,
    })
  }
}
