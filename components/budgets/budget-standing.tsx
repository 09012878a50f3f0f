'use client'

import type { ReactNode } from 'react'
import { scopeNoun } from '@/components/policies/scope-words'
import { useHeld } from '@/components/policies/use-standings'
import { Card } from '@/components/ui/card'
import { cn } from '@/components/ui/cn'
import { ExactTime, Time } from '@/components/ui/time'
import { BUDGET_PERIODS } from '@/lib/contract/budget-refusal'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import { formatPlural } from '@/lib/format/tokens'
import type { Budget } from '@/lib/resources/budgets/schema'
import { BudgetBar } from './budget-bar'
import { isUsedUp, leftText } from './budget-words'

/** Where it stands in this period: spent, held, left, and when it resets. */
export function BudgetStanding({ budget }: { budget: Budget }) {
  const { scope } = budget
  const current = useHeld({ ...budget.current, id: budget.id }, budget.current)
  const many = scope.each && current.subjects > 1
  const usedUp = isUsedUp(current)
  return (
    <Card>
      <h2 className="text-base font-semibold">
        <span title={formatUsdExact(current.spentUsd)}>{formatUsd(current.spentUsd)}</span>
        {` of ${formatUsd(current.amountUsd)} ${budget.period === 'total' ? 'is spent' : `is spent ${BUDGET_PERIODS[budget.period]}`}`}
      </h2>
      {scope.each ? (
        <p className="text-sm text-muted">
          {current.subjects === 0
            ? `Each ${scopeNoun(scope.type)} has the amount for itself.`
            : many
              ? `By the one nearest to its end, of ${formatPlural(current.subjects, scopeNoun(scope.type))}.`
              : `By the one ${scopeNoun(scope.type)} that has spent something.`}
        </p>
      ) : null}
      <BudgetBar standing={current} className="my-3 h-3" />
      <dl className="grid grid-cols-2 gap-x-6 gap-y-3 sm:grid-cols-4">
        <Figure
          label="Spent"
          swatch={usedUp ? 'bg-danger' : 'bg-accent'}
          exact={formatUsdExact(current.spentUsd)}
        >
          {formatUsd(current.spentUsd)}
        </Figure>
        <Figure
          label="Held by calls in flight"
          swatch="hatched text-accent"
          exact={formatUsdExact(current.heldUsd)}
        >
          {formatUsd(current.heldUsd)}
        </Figure>
        <Figure label="Left" swatch="bg-sunken" exact={formatUsdExact(current.leftUsd)}>
          <span className={usedUp ? 'text-danger' : undefined}>{leftText(current)}</span>
        </Figure>
        <div>
          <dt className="text-xs text-muted">Resets</dt>
          <dd className="text-lg font-semibold">
            <Time value={current.to} empty="never" />
          </dd>
          {current.to ? (
            <dd className="text-xs text-muted">
              <ExactTime value={current.to} />
            </dd>
          ) : null}
        </div>
      </dl>
    </Card>
  )
}

function Figure({
  label,
  swatch,
  exact,
  children,
}: {
  label: string
  swatch: string
  exact: string
  children: ReactNode
}) {
  return (
    <div>
      <dt className="flex items-center gap-1.5 text-xs text-muted">
        <span className={cn('h-2 w-3.5 shrink-0 rounded-[2px] border', swatch)} aria-hidden />
        {label}
      </dt>
      <dd className="text-lg font-semibold" title={exact}>
        {children}
      </dd>
    </div>
  )
}
