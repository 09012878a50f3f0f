'use client'

import { useUsed } from '@/components/policies/use-standings'
import { cn } from '@/components/ui/cn'
import { parseUsd } from '@/lib/contract/money'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import { formatCount, formatPercent, formatTokens } from '@/lib/format/tokens'
import type { Limit, LimitSubject } from '@/lib/resources/limits/schema'

/** How much of it counts now for one whom it counts: `180k of 200k`, with a bar. */
export function LimitUse({
  limit,
  subject,
  narrow = false,
  className,
}: {
  limit: Pick<Limit, 'id' | 'metric' | 'limit'>
  subject: LimitSubject
  /** On a phone the bar leaves its room to what stands before. */
  narrow?: boolean
  className?: string
}) {
  const used = useUsed(limit.id, subject.subject, subject.used)
  const share = usedShare(used, limit)
  const words = `${amountExact(used, limit)} of ${amountExact(limit.limit, limit)} counts now, ${formatPercent(share)}`
  return (
    <span
      className={cn(
        'flex gap-x-2.5 gap-y-1',
        narrow ? 'max-sm:flex-col-reverse sm:items-center' : 'items-center',
        className,
      )}
      title={words}
    >
      <span
        role="img"
        aria-label={words}
        className={cn(
          'flex h-2 shrink-0 overflow-hidden rounded-full border bg-sunken',
          narrow ? 'max-sm:h-1.5 sm:w-20' : 'w-20',
        )}
      >
        <span
          className={cn('h-full', share >= 1 ? 'bg-danger' : share >= 0.8 ? 'bg-warn' : 'bg-accent')}
          style={{ width: `${Math.min(1, share) * 100}%` }}
        />
      </span>
      <span className="whitespace-nowrap">
        {amount(used, limit)} <span className="text-muted">of {amount(limit.limit, limit)}</span>
      </span>
    </span>
  )
}

interface Measured {
  metric: Limit['metric']
  limit: number | string
}

/** Between 0 and above 1: what is booked after may be more than was let through. */
export function usedShare(used: number | string, { metric, limit }: Measured): number {
  if (metric !== 'costUsd') return Number(used) / Number(limit)
  return Number((parseUsd(String(used)) * 10_000n) / parseUsd(String(limit))) / 10_000
}

const amount = (value: number | string, { metric }: Measured) =>
  metric === 'costUsd' ? formatUsd(String(value)) : formatTokens(Number(value))
const amountExact = (value: number | string, { metric }: Measured) =>
  metric === 'costUsd' ? formatUsdExact(String(value)) : formatCount(Number(value))
