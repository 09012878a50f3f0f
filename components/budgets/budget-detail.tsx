'use client'

import { CalendarClock, Pencil, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useState } from 'react'
import { useResource } from '@/components/data/collection'
import { useLiveQuery } from '@/components/data/live'
import { useCan } from '@/components/data/me'
import { PolicyWarnings } from '@/components/policies/policy-warnings'
import { ScopeLink } from '@/components/policies/scope-text'
import { scopeNoun } from '@/components/policies/scope-words'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { Card } from '@/components/ui/card'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { ExactTime, useNow } from '@/components/ui/time'
import { formatDuration } from '@/lib/format/duration'
import { formatUsd } from '@/lib/format/money'
import type { Budget } from '@/lib/resources/budgets/schema'
import { sharesText } from './alert-words'
import { BudgetAlerts } from './budget-alerts'
import { BudgetAnswer } from './budget-answer'
import { BudgetKind } from './budget-bar'
import { BudgetContributors } from './budget-contributors'
import { EditBudgetDialog } from './budget-form'
import { BudgetStanding } from './budget-standing'
import { BudgetSubjects } from './budget-subjects'
import { ENFORCEMENTS, ON_UNBOUNDED, PERIODS, RESERVATIONS } from './budget-words'
import { EndOverrideDialog, OverrideDialog } from './override-dialog'

type Dialog = 'edit' | 'override' | 'end-override' | 'delete'

export function BudgetDetail({ id }: { id: string }) {
  const can = useCan()
  const router = useRouter()
  const query = useResource<Budget>('/budgets', id)
  // Spent moves with each booked call; what is held is told by itself.
  useLiveQuery('usage', ['resource', '/budgets'])
  const now = useNow(10_000)
  const [dialog, setDialog] = useState<Dialog | null>(null)
  const close = () => setDialog(null)
  const trail = [{ href: '/budgets', label: 'Budgets' }]
  const state = resourceState(query, 'budget', '/budgets')
  // A later reading that failed leaves what is known in sight.
  if (!query.data) {
    return (
      <>
        <PageHead title="Budget" trail={trail} />
        {state}
      </>
    )
  }
  const { data: budget, etag } = query.data
  const mayWrite = can('budgets.update')
  const override = budget.override && Date.parse(budget.override.until) > now ? budget.override : null
  return (
    <>
      <PageHead
        title={budget.name}
        trail={trail}
        actions={
          <>
            {can('budgets.override') ? (
              <Button onClick={() => setDialog('override')}>
                <CalendarClock aria-hidden />
                {override ? 'Change override' : 'Override'}
              </Button>
            ) : null}
            {mayWrite ? (
              <Button onClick={() => setDialog('edit')}>
                <Pencil aria-hidden />
                Edit
              </Button>
            ) : null}
            {can('budgets.delete') ? (
              <Button variant="dangerGhost" onClick={() => setDialog('delete')}>
                <Trash2 aria-hidden />
                Delete budget
              </Button>
            ) : null}
          </>
        }
      />
      <div className="flex flex-col gap-4">
        <PolicyWarnings warnings={budget.warnings} />
        {override ? (
          <Callout tone="accent" title={`${formatUsd(override.amountUsd)} applies for now`}>
            <p>
              In place of {formatUsd(budget.amountUsd)} until <ExactTime value={override.until} />:{' '}
              {override.reason}
            </p>
            {can('budgets.endOverride') ? (
              <Button size="sm" className="mt-2" onClick={() => setDialog('end-override')}>
                End override
              </Button>
            ) : null}
          </Callout>
        ) : null}
        <BudgetStanding budget={budget} />
        <div className="grid items-start gap-4 lg:grid-cols-2">
          <div className="flex min-w-0 flex-col gap-4">
            {budget.scope.each ? (
              <Card
                title="Whom it counts"
                description={`Each ${scopeNoun(budget.scope.type)} that has spent something, the nearest to its end first.`}
              >
                <BudgetSubjects budget={budget} />
              </Card>
            ) : null}
            {can('usage.get') ? (
              <Card
                title="Who spent it"
                description={
                  budget.period === 'total'
                    ? 'Ever since, as it is booked.'
                    : 'In this period, as it is booked.'
                }
              >
                <BudgetContributors budget={budget} />
              </Card>
            ) : null}
            {can('budgetAlerts.list') ? (
              <Card title="Alerts" description="Raised when the books reach a share of the amount.">
                <BudgetAlerts budget={budget} />
              </Card>
            ) : null}
            <Card title="When it is used up" description="The answer that a developer will get.">
              <BudgetAnswer budget={budget} />
            </Card>
          </div>
          <Card title="How it works">
            <Facts budget={budget} />
          </Card>
        </div>
      </div>
      {dialog === 'edit' ? <EditBudgetDialog budget={{ value: budget, etag }} onClose={close} /> : null}
      {dialog === 'override' ? <OverrideDialog budget={{ value: budget, etag }} onClose={close} /> : null}
      <EndOverrideDialog open={dialog === 'end-override'} budget={{ value: budget, etag }} onClose={close} />
      <DeleteDialog
        open={dialog === 'delete'}
        onOpenChange={close}
        noun="budget"
        name={budget.name}
        path={`/budgets/${budget.id}`}
        onDeleted={() => router.push('/budgets')}
      >
        <p>
          Calls that it would have refused pass from then on. Costs stay in the books. To pause it instead,
          turn it off under Edit.
        </p>
      </DeleteDialog>
    </>
  )
}

function Facts({ budget }: { budget: Budget }) {
  const hard = budget.enforcement === 'hard'
  return (
    <KeyValues
      items={[
        {
          label: 'Kind',
          value: (
            <>
              <BudgetKind budget={budget} />
              <p className="text-sm text-muted">
                {budget.enabled
                  ? ENFORCEMENTS[budget.enforcement].meaning
                  : 'It is switched off: nothing is refused by it.'}
              </p>
            </>
          ),
        },
        { label: 'Counts', value: <ScopeLink scope={budget.scope} /> },
        { label: 'Amount', value: `${formatUsd(budget.amountUsd)}${budget.scope.each ? ' for each' : ''}` },
        { label: 'Period', value: PERIODS[budget.period].label },
        {
          label: 'Alerts at',
          value: budget.alertAt.length > 0 ? `${sharesText(budget.alertAt)} %` : 'none',
        },
        { label: 'No bound', value: ON_UNBOUNDED[budget.onUnbounded].meaning, hidden: !hard },
        { label: 'Input is held', value: RESERVATIONS[budget.reservation].meaning, hidden: !hard },
        {
          label: 'Waits',
          value: `${formatDuration(budget.holdWaitMs)} for calls in flight, then 429 budget_held`,
          hidden: !hard,
        },
        {
          label: 'Id',
          value: (
            <span className="flex items-center gap-1">
              <span className="font-mono text-xs break-all">{budget.id}</span>
              <CopyButton text={budget.id} what="budget id" />
            </span>
          ),
        },
        { label: 'Created', value: <ExactTime value={budget.createdAt} /> },
        { label: 'Changed', value: <ExactTime value={budget.updatedAt} /> },
      ]}
    />
  )
}
