/** What a caller reads when a limit or a budget has no room: which, for whom, and when it will have. */
import type { BudgetEntity, LimitEntity } from '../../lib/contract/entities.ts'
import { formatUsd } from '../../lib/contract/money.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Applied } from '../limits/applicable.ts'
import type { Money, Shortage } from '../limits/counters.ts'
import { amountOf, periodOf } from '../limits/policing.ts'

const UNITS = {
  requests: 'requests',
  tokens: 'tokens',
  inputTokens: 'input tokens',
  outputTokens: 'output tokens',
  costUsd: 'USD',
  concurrency: 'calls at once',
} as const

export function rateLimited(applied: Applied | undefined, { reason, waitMs }: Shortage): GatewayError {
  if (applied?.policy.type !== 'limit') return new GatewayError('rate_limit_exceeded')
  const { policy } = applied
  const retryAfterSeconds = Math.max(1, Math.ceil((waitMs ?? 1_000) / 1_000))
  const then =
    reason === 'never'
      ? 'This call alone is larger: make it smaller, or have the limit raised.'
      : `Try again in ${retryAfterSeconds} s.`
  return new GatewayError('rate_limit_exceeded', {
    message: `The limit "${policy.name}" of ${quota(policy)} is reached${forWhom(applied)}. ${then}`,
    retryAfterSeconds,
  })
}

function quota({ metric, limit, windowSeconds }: LimitEntity): string {
  const amount = metric === 'costUsd' ? formatUsd(BigInt(limit)) : limit
  return `${amount} ${UNITS[metric]}${windowSeconds === null ? '' : ` in ${windowSeconds} s`}`
}

export function budgetExceeded(applied: Applied<BudgetEntity>, money: Money, at: number): GatewayError {
  const { policy } = applied
  const amount = formatUsd(amountOf(policy, at))
  const { endMs } = periodOf(policy, at)
  const reset =
    endMs === null ? 'It does not reset by itself.' : `It resets at ${new Date(endMs).toISOString()}.`
  return new GatewayError('budget_exceeded', {
    message: `The budget "${policy.name}"${forWhom(applied)} has no room for this call: $${formatUsd(money.spent)} of $${amount} ${PERIODS[policy.period]} is spent. ${reset}`,
  })
}

export function budgetHeld(applied: Applied<BudgetEntity>, money: Money): GatewayError {
  return new GatewayError('budget_held', {
    message: `The budget "${applied.policy.name}"${forWhom(applied)} has room, but calls in flight hold $${formatUsd(money.held)} of it. Try again when they are done.`,
  })
}

const PERIODS = {
  hour: 'this hour',
  day: 'today',
  week: 'this week',
  month: 'this month',
  quarter: 'this quarter',
  total: 'in all',
} as const

/** Ids alone: whoever reads this holds the key, and may not know the names of others. */
function forWhom({ policy, subject }: Applied): string {
  return policy.scope.each && subject !== '' ? ` for the ${policy.scope.type} ${subject}` : ''
}
