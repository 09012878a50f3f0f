'use client'

import type { ReactNode } from 'react'
import { cn } from '@/components/ui/cn'
import { Countdown, useNow } from '@/components/ui/time'

/** The head of a column of how something does. */
export function Head({
  right = false,
  className,
  children,
}: {
  right?: boolean
  className?: string
  children: ReactNode
}) {
  return (
    <th
      scope="col"
      className={cn(
        'py-1.5 font-medium whitespace-nowrap',
        right ? 'pl-3 text-right' : 'pr-3 text-left',
        className,
      )}
    >
      {children}
    </th>
  )
}

export function Figure({
  title,
  className,
  children,
}: {
  title?: string
  className?: string
  children: ReactNode
}) {
  return (
    <td title={title} className={cn('py-2 pl-3 text-right whitespace-nowrap tabular-nums', className)}>
      {children}
    </td>
  )
}

/** What a gateway told is up to three seconds old: a pause may be over by now. */
export function TriedAgain({ until }: { until: string }) {
  const over = Date.parse(until) <= useNow(1000)
  return over ? (
    'The next call tries it again.'
  ) : (
    <span className="whitespace-nowrap">
      Tried again in <Countdown until={until} />.
    </span>
  )
}
