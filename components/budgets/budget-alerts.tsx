'use client'

import { useOptions } from '@/components/data/collection'
import { useLiveQuery } from '@/components/data/live'
import { SkeletonLines } from '@/components/ui/skeleton'
import type { Budget, BudgetAlert } from '@/lib/resources/budgets/schema'
import { AlertList } from './alert-list'
import { sharesText } from './alert-words'

const SHOWN = 20

/** What was raised for one budget. */
export function BudgetAlerts({ budget }: { budget: Budget }) {
  const query = useOptions<BudgetAlert>('/budget-alerts', { budgetId: budget.id, limit: SHOWN })
  useLiveQuery('budgetAlert', ['resource', '/budget-alerts'])
  if (query.isPending) return <SkeletonLines lines={2} label="Loading alerts" />
  if (!query.data) return <p className="text-sm text-danger">They could not be read.</p>
  if (query.data.length > 0) return <AlertList alerts={query.data} />
  return (
    <p className="text-sm text-muted">
      {budget.alertAt.length === 0
        ? 'None is raised: the budget names no share to alert at.'
        : `None yet: one is raised at ${sharesText(budget.alertAt)} % of the amount, once per period.`}
    </p>
  )
}
