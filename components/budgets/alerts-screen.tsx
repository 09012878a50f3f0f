'use client'

import { Bell } from 'lucide-react'
import { useLiveQuery } from '@/components/data/live'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { ExactTime, Time } from '@/components/ui/time'
import { BUDGET_PERIODS } from '@/lib/contract/budget-refusal'
import type { BudgetAlert } from '@/lib/resources/budgets/schema'
import { AlertShare, AlertSpent } from './alert-list'
import { alertSubject } from './alert-words'
import { PERIODS } from './budget-words'

const COLUMNS: readonly Column<BudgetAlert>[] = [
  { id: 'budget', header: 'Budget', grow: 4, cell: (alert) => alert.budgetName },
  { id: 'share', header: 'Reached', cell: (alert) => <AlertShare alert={alert} /> },
  { id: 'subject', header: 'Whose', from: 'md', grow: 3, cell: alertSubject },
  { id: 'spent', header: 'Spent by then', from: 'sm', cell: (alert) => <AlertSpent alert={alert} /> },
  {
    id: 'period',
    header: 'Period',
    from: 'lg',
    cell: (alert) =>
      alert.from === null ? (
        BUDGET_PERIODS[alert.period]
      ) : (
        <>
          {PERIODS[alert.period].label} from <ExactTime value={alert.from} />
        </>
      ),
  },
  {
    id: 'when',
    header: 'Raised',
    sort: 'createdAt',
    cell: (alert) => <Time value={alert.createdAt} />,
  },
]

export function AlertsScreen() {
  useLiveQuery('budgetAlert', ['resource', '/budget-alerts'])
  return (
    <>
      <PageHead
        title="Budget alerts"
        description="Shares of budgets that the books have reached, each once per period. They are kept for 100 days."
        trail={[{ href: '/budgets', label: 'Budgets' }]}
      />
      <DataTable<BudgetAlert>
        noun="alerts"
        path="/budget-alerts"
        search="Search budgets"
        columns={COLUMNS}
        defaultSort="-createdAt"
        rowLabel={(alert) => alert.budgetName}
        rowHref={(alert) => `/budgets/${alert.budgetId}`}
        empty={
          <EmptyState icon={<Bell aria-hidden />} title="No alerts yet">
            A budget raises one at each share of its amount that it names, such as 50, 80 and 100 %.
          </EmptyState>
        }
      />
    </>
  )
}
