/** Limits and budgets for tests: what a test does not name is switched off or generous. */
import type { BudgetEntity, LimitEntity } from '../../lib/contract/entities.ts'
import { parseUsd } from '../../lib/contract/money.ts'

export function testLimit(
  overrides: Partial<LimitEntity> & Pick<LimitEntity, 'metric' | 'limit'>,
): LimitEntity {
  return {
    type: 'limit',
    id: `limit_${overrides.metric}`,
    name: `limit of ${overrides.metric}`,
    scope: { type: 'organization', id: null, each: false },
    windowSeconds: overrides.metric === 'concurrency' ? null : 60,
    countCachedInput: true,
    enabled: true,
    ...overrides,
  }
}

export function testBudget({
  amountUsd,
  ...overrides
}: Partial<BudgetEntity> & { amountUsd: string }): BudgetEntity {
  return {
    type: 'budget',
    id: 'budget_test',
    name: 'test budget',
    scope: { type: 'organization', id: null, each: false },
    amountPicoUsd: parseUsd(amountUsd).toString(),
    period: 'month',
    timeZone: 'UTC',
    enforcement: 'hard',
    onExhausted: 'reject',
    onUnbounded: 'reject',
    reservation: 'estimate',
    holdWaitMs: 2_000,
    override: null,
    enabled: true,
    recount: 0,
    ...overrides,
  }
}
