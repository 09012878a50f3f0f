'use client'

import Link from 'next/link'
import { Status } from '@/components/ui/badge'
import { Time } from '@/components/ui/time'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import type { BudgetAlert } from '@/lib/resources/budgets/schema'
import { alertSubject, shareText } from './alert-words'

/** Newest first: the share, how much was spent of what, whose, and when. */
export function AlertList({ alerts, named = false }: { alerts: readonly BudgetAlert[]; named?: boolean }) {
  return (
    <ul className="divide-y">
      {alerts.map((alert) => {
        const subject = alertSubject(alert)
        return (
          <li key={alert.id} className="flex items-baseline gap-3 py-2 text-sm">
            <AlertShare alert={alert} />
            <span className="min-w-0 flex-1">
              {named ? (
                <Link
                  href={`/budgets/${alert.budgetId}`}
                  className="block truncate font-medium hover:underline"
                >
                  {alert.budgetName}
                </Link>
              ) : null}
              <span className="text-muted">
                <AlertSpent alert={alert} /> · {subject}
              </span>
            </span>
            <span className="text-xs text-muted">
              <Time value={alert.createdAt} />
            </span>
          </li>
        )
      })}
    </ul>
  )
}

export function AlertShare({ alert: { threshold } }: { alert: BudgetAlert }) {
  return (
    <Status tone={threshold >= 1 ? 'danger' : 'warn'} className="w-16 shrink-0">
      {shareText(threshold)}
    </Status>
  )
}

export function AlertSpent({ alert: { spentUsd, amountUsd } }: { alert: BudgetAlert }) {
  return (
    <span title={`${formatUsdExact(spentUsd)} of ${formatUsdExact(amountUsd)} in the books by then`}>
      {formatUsd(spentUsd)} of {formatUsd(amountUsd)}
    </span>
  )
}
