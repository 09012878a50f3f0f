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
  className,
}: {
  limit: Pick<Limit, 'id' | 'metric' | 'limit'>
  subject: LimitSubject
  className?: string
}) {
  const used = useUsed(limit.id, subject.subject, subject.used)
  const share = usedShare(used, limit)
  const words = `${amountExact(used, limit)} of ${amountExact(limit.limit, limit)} counts now, ${formatPercent(share)}`
  return (
    <span className={cn('flex items-center gap-2.5', className)} title={words}>
      <span
        role="img"
        aria-label={words}
        className="flex h-2 w-20 shrink-0 overflow-hidden rounded-full border bg-sunken"
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
