'use client'

import { Bell, Plus, Wallet } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { parseAsBoolean, useQueryState } from 'nuqs'
import { useLiveQuery } from '@/components/data/live'
import { useCan } from '@/components/data/me'
import { ScopeText } from '@/components/policies/scope-text'
import { SCOPE_FILTER } from '@/components/policies/scope-words'
import { useHeld } from '@/components/policies/use-standings'
import { DataTable } from '@/components/resource/data-table'
import type { Column, TableFilter } from '@/components/resource/table-column'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import type { Budget } from '@/lib/resources/budgets/schema'
import { BudgetBar, BudgetKind, LeftText, SpentOf } from './budget-bar'
import { CreateBudgetDialog } from './budget-form'
import { ENFORCEMENTS, PERIOD_NAMES, PERIODS } from './budget-words'

const COLUMNS: readonly Column<Budget>[] = [
  { id: 'name', header: 'Name', sort: 'name', grow: 4, cell: (budget) => budget.name },
  {
    id: 'scope',
    header: 'Counts',
    from: 'md',
    grow: 3,
    cell: (budget) => <ScopeText scope={budget.scope} />,
  },
  { id: 'period', header: 'Per', from: 'lg', cell: (budget) => PERIODS[budget.period].label.toLowerCase() },
  { id: 'kind', header: 'Kind', from: 'sm', cell: (budget) => <BudgetKind budget={budget} /> },
  {
    id: 'spent',
    header: 'Spent',
    cell: (budget) => (
      <span className="flex gap-x-2.5 gap-y-1 max-sm:flex-col-reverse sm:items-center">
        <LiveBar budget={budget} />
        <SpentOf standing={budget.current} />
        {budget.scope.each && budget.current.subjects > 1 ? (
          <span
            className="text-xs text-muted max-sm:hidden"
            title="Whoever is nearest to the end; the page has all"
          >{`nearest of ${budget.current.subjects}`}</span>
        ) : null}
      </span>
    ),
  },
  {
    id: 'left',
    header: 'Left',
    align: 'right',
    from: 'sm',
    cell: (budget) => <LiveLeft budget={budget} />,
  },
  {
    id: 'resets',
    header: 'Resets',
    from: 'lg',
    cell: (budget) => <Time value={budget.current.to} empty="never" />,
  },
]
const FILTERS: readonly TableFilter[] = [
  SCOPE_FILTER,
  {
    id: 'period',
    label: 'Per',
    options: PERIOD_NAMES.map((name) => ({ value: name, label: PERIODS[name].label })),
  },
  {
    id: 'enforcement',
    label: 'Kind',
    options: Object.entries(ENFORCEMENTS).map(([value, { label }]) => ({ value, label })),
  },
]

function LiveBar({ budget }: { budget: Budget }) {
  const standing = useHeld({ ...budget.current, id: budget.id }, budget.current)
  return <BudgetBar standing={standing} className="shrink-0 max-sm:h-1.5 sm:w-24 xl:w-36" />
}

function LiveLeft({ budget }: { budget: Budget }) {
  return <LeftText standing={useHeld({ ...budget.current, id: budget.id }, budget.current)} />
}

export function BudgetsScreen() {
  const can = useCan()
  const router = useRouter()
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  useLiveQuery('usage', ['resource', '/budgets', 'list'], { everyMs: 1_000 })
  const create = can('budgets.create') ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
      <Plus aria-hidden />
      Create budget
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Budgets"
        description="Money per calendar period. A hard budget is never exceeded: what a call can cost is held before it leaves."
        actions={
          <>
            <Button asChild>
              <Link href="/budgets/alerts">
                <Bell aria-hidden />
                Alerts
              </Link>
            </Button>
            {create}
          </>
        }
      />
      <DataTable<Budget>
        noun="budgets"
        path="/budgets"
        columns={COLUMNS}
        filters={FILTERS}
        defaultSort="name"
        rowLabel={(budget) => budget.name}
        rowHref={(budget) => `/budgets/${budget.id}`}
        rowTone={(budget) => (budget.enabled ? undefined : 'muted')}
        empty={
          <EmptyState
            icon={<Wallet aria-hidden />}
            title="No budgets yet"
            action={create}
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/budgets" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "each team, monthly", "scope": {"type": "team", "each": true},
       "amountUsd": "500.00", "period": "month", "enforcement": "hard"}'`}
          >
            A budget says how much a team, a key or the whole organization may spend. It starts from what they
            have spent already in its period.
          </EmptyState>
        }
      />
      <CreateBudgetDialog
        open={creating && can('budgets.create')}
        onClose={() => void setCreating(null)}
        onCreated={(budget) => router.push(`/budgets/${budget.id}`)}
      />
    </>
  )
}
