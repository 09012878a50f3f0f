/** What a caller is told when a budget has no room: the gateway says it, and the console shows beforehand what it will say. */
import type { BudgetPeriod } from './policy.ts'

export const BUDGET_PERIODS: Readonly<Record<BudgetPeriod, string>> = {
  hour: 'this hour',
  day: 'today',
  week: 'this week',
  month: 'this month',
  quarter: 'this quarter',
  total: 'in all',
}

/** Amounts are exact decimals of USD. `whom` is empty, or who of many it is: ` for the team team_…`. */
export function budgetRefusal(of: {
  readonly name: string
  readonly whom: string
  readonly spentUsd: string
  readonly amountUsd: string
  readonly period: BudgetPeriod
  /** When it resets, RFC 3339; null: never. */
  readonly to: string | null
}): string {
  const reset =
    of.to === null ? 'It does not reset by itself.' : `It resets at ${of.to.replace('.000Z', 'Z')}.`
  return `The budget "${of.name}"${of.whom} has no room for this call: ${dollars(of.spentUsd)} of ${dollars(of.amountUsd)} ${BUDGET_PERIODS[of.period]} is spent. ${reset}`
}

/** Exactly, with cents at least. */
function dollars(usd: string): string {
  const [whole, decimals = ''] = usd.split('.')
  return `$${whole}.${decimals.padEnd(2, '0')}`
}

/** Ids alone: whoever reads this holds the key, and may not know the names of others. */
export function refusedWhom(
  scope: { readonly type: string; readonly each: boolean },
  subject: string,
): string {
  return scope.each && subject !== '' ? ` for the ${scope.type} ${subject}` : ''
}
