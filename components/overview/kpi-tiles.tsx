import Link from 'next/link'
import type { ReactNode } from 'react'
import { Sparkline } from '@/components/charts/sparkline'
import { Badge } from '@/components/ui/badge'
import { cn } from '@/components/ui/cn'
import { Skeleton } from '@/components/ui/skeleton'
import { formatDuration } from '@/lib/format/duration'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import { formatCount, formatPercent, formatTokens } from '@/lib/format/tokens'
import type { UsageReport, UsageValues } from '@/lib/resources/usage/schema'
import { change, changeText } from './sentences'

interface Tile {
  readonly label: string
  readonly value: string
  readonly exact?: string
  readonly change: number | null
  /** Which way is bad; a change without one is neither. */
  readonly bad?: 'up'
  readonly spark: readonly (number | null)[]
  readonly href: string
  readonly note?: ReactNode
}

/** The numbers of the range, each with its change against the same span before; each leads to its calls. */
export function KpiTiles({
  total,
  before,
  beforeWords,
  hrefOf,
}: {
  total: UsageReport
  before: UsageValues
  beforeWords: string
  hrefOf: (filters: Record<string, string>) => string
}) {
  const now = total.total
  const over = total.series[0]?.values ?? []
  const tiles: Tile[] = [
    {
      label: 'Calls',
      value: formatCount(now.requests),
      change: change(now.requests, before.requests),
      spark: over.map((value) => value.requests),
      href: hrefOf({}),
    },
    {
      label: 'Tokens',
      value: formatTokens(tokens(now)),
      exact: formatCount(tokens(now)),
      change: change(tokens(now), tokens(before)),
      spark: over.map(tokens),
      href: hrefOf({}),
    },
    {
      label: 'Cost',
      value: formatUsd(now.costUsd),
      exact: formatUsdExact(now.costUsd),
      change: change(Number(now.costUsd), Number(before.costUsd)),
      spark: over.map((value) => Number(value.costUsd)),
      href: hrefOf({}),
      note:
        now.unpricedRequests > 0 ? (
          <Badge tone="warn" title="Calls without a price are not in the cost">
            {formatCount(now.unpricedRequests)} unpriced
          </Badge>
        ) : undefined,
    },
    {
      label: 'Errors',
      value: now.requests === 0 ? '–' : formatPercent(now.errors / now.requests),
      exact: `${formatCount(now.errors)} of ${formatCount(now.requests)} calls`,
      change: change(share(now), share(before)),
      bad: 'up',
      spark: over.map((value) => share(value) ?? 0),
      href: hrefOf({ outcome: 'error' }),
      note:
        now.refused > 0 ? (
          <span title="Refused by the gate itself: not errors">{formatCount(now.refused)} refused</span>
        ) : undefined,
    },
    {
      label: 'First token, p50',
      value: now.firstTokenP50Ms === null ? '–' : formatDuration(now.firstTokenP50Ms),
      change: change(now.firstTokenP50Ms, before.firstTokenP50Ms),
      bad: 'up',
      spark: over.map((value) => value.firstTokenP50Ms),
      href: hrefOf({ stream: 'true' }),
    },
    {
      label: 'First token, p95',
      value: now.firstTokenP95Ms === null ? '–' : formatDuration(now.firstTokenP95Ms),
      change: change(now.firstTokenP95Ms, before.firstTokenP95Ms),
      bad: 'up',
      spark: over.map((value) => value.firstTokenP95Ms),
      href: hrefOf({ stream: 'true' }),
    },
  ]
  const comparable = before.requests > 0
  return (
    <div>
      <ul className={GRID}>
        {tiles.map((tile) => (
          <li key={tile.label} className={CELL}>
            <Link href={tile.href} className="block rounded-control" title={tile.exact}>
              <span className="flex h-5 items-center justify-between gap-2 text-xs whitespace-nowrap text-muted">
                {tile.label}
                {tile.note}
              </span>
              <span className="block text-xl leading-7 font-semibold">{tile.value}</span>
              {comparable ? (
                <span
                  className={cn(
                    'block truncate text-xs text-muted',
                    tile.bad && (tile.change ?? 0) > 0.1 && 'text-danger',
                  )}
                >
                  {changeText(tile.change)}
                  {tile.change === null ? '' : <span className="sr-only"> against {beforeWords}</span>}
                </span>
              ) : null}
              <Sparkline values={tile.spark} className="mt-2 block h-7 w-full" />
            </Link>
          </li>
        ))}
      </ul>
      <p className="mt-2 text-xs text-muted">
        {comparable ? `Changes are against ${beforeWords}.` : `No calls in ${beforeWords} to compare with.`}
      </p>
    </div>
  )
}

export function KpiSkeleton() {
  return (
    <div className={GRID} role="status" aria-label="Loading totals">
      {Array.from({ length: 6 }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: tiles of a skeleton, all alike.
        <div key={index} className={CELL}>
          <Skeleton className="h-3 w-16" />
          <Skeleton className="mt-2 h-6 w-20" />
          <Skeleton className="mt-2 h-3 w-12" />
          <Skeleton className="mt-3 h-6 w-full" />
        </div>
      ))}
    </div>
  )
}

export function tokens(values: Pick<UsageValues, 'inputTokens' | 'outputTokens'>): number {
  return values.inputTokens + values.outputTokens
}

function share(values: UsageValues): number | null {
  return values.requests === 0 ? null : values.errors / values.requests
}

// One surface with hairlines between: six boxes would shout.
const GRID =
  'grid grid-cols-2 gap-px overflow-hidden rounded-card border bg-border sm:grid-cols-3 xl:grid-cols-6'
const CELL = 'min-w-0 bg-surface p-4'
