'use client'

import { Bell } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { useOptions } from '@/components/data/collection'
import { useLiveQuery } from '@/components/data/live'
import { IconButton } from '@/components/ui/button'
import { Popover, PopoverContent, PopoverTrigger } from '@/components/ui/popover'
import { formatPlural } from '@/lib/format/tokens'
import type { BudgetAlert } from '@/lib/resources/budgets/schema'
import { AlertList } from './alert-list'
import { useSeenAlert } from './use-seen-alert'

const SHOWN = 10

/** The newest alerts of budgets, from anywhere; a dot while there are some that were not looked at in this browser. */
export function AlertsBell() {
  const [open, setOpen] = useState(false)
  const query = useOptions<BudgetAlert>('/budget-alerts', { limit: SHOWN })
  useLiveQuery('budgetAlert', ['resource', '/budget-alerts'])
  const alerts = query.data ?? []
  const [seen, markSeen] = useSeenAlert()
  const fresh = alerts.filter((alert) => seen === null || alert.createdAt > seen).length
  const newest = alerts[0]?.createdAt
  return (
    <Popover
      open={open}
      onOpenChange={(next) => {
        setOpen(next)
        if (newest) markSeen(newest)
      }}
    >
      <PopoverTrigger asChild>
        <IconButton
          label={fresh > 0 ? `Alerts: ${formatPlural(fresh, 'new one')}` : 'Alerts'}
          size="sm"
          className="relative"
        >
          <Bell aria-hidden />
          {fresh > 0 ? (
            <span className="absolute top-1 right-1 size-2 rounded-full border border-background bg-danger" />
          ) : null}
        </IconButton>
      </PopoverTrigger>
      <PopoverContent align="end" aria-label="Alerts of budgets" className="w-96">
        <h2 className="text-sm font-semibold">Alerts of budgets</h2>
        {alerts.length > 0 ? (
          <>
            <AlertList alerts={alerts} named />
            <Link
              href="/budgets/alerts"
              className="mt-1 block text-sm text-accent hover:underline"
              onClick={() => setOpen(false)}
            >
              All alerts
            </Link>
          </>
        ) : (
          <p className="mt-1 text-sm text-muted">
            {query.isError
              ? 'They could not be read.'
              : 'None yet. A budget raises one at each share of its amount that it names.'}
          </p>
        )}
      </PopoverContent>
    </Popover>
  )
}
