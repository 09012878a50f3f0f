/** Whom a call asks next, and how long it waits where all are to be left alone. */
import { type Call, waitingFor } from '../call.ts'
import { GatewayError } from '../gateway-error.ts'
import type { VendorFailure } from '../providers/vendor-failure.ts'
import type { TargetPlan } from '../routing/target-plan.ts'
import type { CompiledTarget } from '../snapshot/configuration.ts'
import type { Unfit } from './reserve.ts'

/** Longest wait for a target without room, or that wants to be left alone: beyond it the caller is told when to come back. */
export const MAX_WAIT_FOR_VENDOR_MS = 2_000

interface Search {
  readonly failed: VendorFailure | null
  readonly unfit: Unfit | null
  /** Monotonic milliseconds. */
  readonly patientUntil: number
}

/** @throws GatewayError when nobody is left to ask, or not within the time that the call may wait. */
export async function nextTarget(
  call: Call,
  plan: TargetPlan,
  { failed, unfit, patientUntil }: Search,
): Promise<CompiledTarget> {
  const { clock } = call.around
  for (;;) {
    const isRepeat = failed !== null
    const next = plan.next()
    if (next === null) throw failed?.error ?? unfit?.unfit ?? new GatewayError('no_target_available')
    if (typeof next === 'number') {
      const waitMs = Math.ceil(next)
      const until = clock.monotonic() + waitMs
      if (until > patientUntil || until >= call.deadline)
        throw failed?.error ?? refusedBy(plan) ?? limitedFor(waitMs, unfit)
      await pause(call, waitMs)
      continue
    }
    // Another target is asked at once; the same one gets a breather, at random lengths so that callers don't march.
    if (isRepeat && plan.size <= call.attempts.length) {
      const backOffMs = Math.random() * Math.min(2_000, 100 * 2 ** call.attempts.length)
      if (clock.monotonic() + backOffMs < call.deadline) await pause(call, backOffMs)
    }
    return next
  }
}

/** By the vendors' own limits or because they said so: the caller is told when the first of them has room again. */
function limitedFor(waitMs: number, unfit: Unfit | null): GatewayError {
  return new GatewayError('provider_rate_limited', {
    retryAfterSeconds: Math.ceil(waitMs / 1_000),
    ...(unfit?.reason === 'rateLimit' ? { message: unfit.unfit.message } : {}),
  })
}

/** Null: waiting would help. */
function refusedBy({ refused }: TargetPlan): GatewayError | null {
  if (refused === null) return null
  const names = [...new Set(refused.map(({ provider }) => provider.name))].join(', ')
  return new GatewayError('provider_error', {
    message: `None of the gateway's accounts is accepted by ${names}.`,
  })
}

function pause(call: Call, ms: number): Promise<void> {
  const waited = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    const callerGone = () => {
      clearTimeout(timer)
      reject(new GatewayError('client_closed'))
    }
    call.waiting = { callerGone }
    if (call.gone) callerGone()
  })
  return waitingFor(call, waited)
}
