/** What a caller reads when a limit or a budget has no room: which, for whom, and when it will have. */
import { budgetRefusal, refusedWhom } from '../../lib/contract/budget-refusal.ts'
import type { LimitEntity } from '../../lib/contract/entities.ts'
import { formatUsd } from '../../lib/contract/money.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Applied, AppliedBudget, AppliedLimit } from '../limits/applicable.ts'
import type { Money } from '../limits/counter.ts'
import type { Shortage } from '../limits/hold.ts'
import { amountOf, periodOf } from '../limits/policing.ts'

const UNITS = {
  requests: 'requests',
  tokens: 'tokens',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  costUsd: 'USD',
  concurrency: 'calls at once',
} as const

export function rateLimited(applied: AppliedLimit | undefined, shortage: Shortage): GatewayError {
  if (!applied) return new GatewayError('rate_limit_exceeded')
  const { policy } = applied
  const { retryAfterSeconds, then } = comeBack(shortage)
  return new GatewayError('rate_limit_exceeded', {
    message: `The limit "${policy.name}" of ${quota(policy)} is reached${forWhom(applied)}. ${then}`,
    retryAfterSeconds,
  })
}

/** What the vendor allows is used up: it is not asked only to refuse. */
export function vendorLimited({ policy }: AppliedLimit, shortage: Shortage): GatewayError {
  const { retryAfterSeconds } = comeBack(shortage)
  const why =
    shortage.reason === 'never' ? 'this call alone is larger: make it smaller' : 'no more are left now'
  return new GatewayError('provider_rate_limited', {
    message: `The provider ${policy.name} allows ${quota(policy)}; ${why}.`,
    retryAfterSeconds,
  })
}

function comeBack({ reason, waitMs }: Shortage): { retryAfterSeconds: number; then: string } {
  const retryAfterSeconds = Math.max(1, Math.ceil((waitMs ?? 1_000) / 1_000))
  const then =
    reason === 'never'
      ? 'This call alone is larger: make it smaller, or have the limit raised.'
      : `Try again in ${retryAfterSeconds} s.`
  return { retryAfterSeconds, then }
}

function quota({ metric, limit, windowSeconds }: LimitEntity): string {
  const amount = metric === 'costUsd' ? formatUsd(BigInt(limit)) : limit
  const unit = limit === '1' ? UNITS[metric].replace(/s\b/, '') : UNITS[metric]
  return `${amount} ${unit}${windowSeconds === null ? '' : ` in ${windowSeconds} s`}`
}

export function budgetExceeded(applied: AppliedBudget, money: Money, at: number): GatewayError {
  const { policy } = applied
  const { endMs } = periodOf(policy, at)
  return new GatewayError('budget_exceeded', {
    message: budgetRefusal({
      name: policy.name,
      whom: forWhom(applied),
      spentUsd: formatUsd(money.spent),
      amountUsd: formatUsd(amountOf(policy, at)),
      period: policy.period,
      to: endMs === null ? null : new Date(endMs).toISOString(),
    }),
  })
}

export function budgetHeld(applied: AppliedBudget, money: Money): GatewayError {
  return new GatewayError('budget_held', {
    message: `The budget "${applied.policy.name}"${forWhom(applied)} has room, but calls in flight hold $${formatUsd(money.held)} of it. Try again when they are done.`,
  })
}

function forWhom({ policy, subject }: Applied): string {
  return refusedWhom(policy.scope, subject)
}
