import { CodeBlock } from '@/components/ui/code-block'
import { budgetRefusal, refusedWhom } from '@/lib/contract/budget-refusal'
import type { Budget } from '@/lib/resources/budgets/schema'
import { ON_EXHAUSTED } from './budget-words'

/** What a developer gets when there is no room, letter by letter as the gateway would say it now. */
export function BudgetAnswer({ budget }: { budget: Budget }) {
  if (budget.enforcement === 'soft')
    return <p className="text-sm">Nothing changes for callers: a soft budget refuses no call.</p>
  return (
    <div className="flex flex-col gap-3">
      <p className="text-sm">{ON_EXHAUSTED[budget.onExhausted].meaning}</p>
      <CodeBlock code={refusal(budget)} title="402 Payment Required" wrap />
    </div>
  )
}

function refusal({ name, scope, period, current }: Budget): string {
  const message = budgetRefusal({
    name,
    whom: refusedWhom(scope, current.subject),
    spentUsd: current.spentUsd,
    amountUsd: current.amountUsd,
    period,
    to: current.to,
  })
  const error = { message, type: 'insufficient_quota', param: null, code: 'budget_exceeded' }
  return JSON.stringify({ error }, null, 2)
}
