import { Status } from '@/components/ui/badge'
import { cn } from '@/components/ui/cn'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import type { Budget } from '@/lib/resources/budgets/schema'
import { barShares, isUsedUp, leftText } from './budget-words'

interface Standing {
  spentUsd: string
  heldUsd: string
  leftUsd: string
  amountUsd: string
}

/** Spent solid, held hatched, the rest empty. */
export function BudgetBar({ standing, className }: { standing: Standing; className?: string }) {
  const { spent, held } = barShares(standing)
  const colour = isUsedUp(standing) ? 'bg-danger' : 'bg-accent'
  const words = `${formatUsd(standing.spentUsd)} spent, ${formatUsd(standing.heldUsd)} held, of ${formatUsd(standing.amountUsd)}`
  return (
    <span
      role="img"
      aria-label={words}
      title={words}
      className={cn('flex h-2 overflow-hidden rounded-full border bg-sunken', className)}
    >
      <span className={cn('h-full shrink-0', colour)} style={{ width: `${spent * 100}%` }} />
      <span className="hatched h-full shrink-0 text-accent" style={{ width: `${held * 100}%` }} />
    </span>
  )
}

/** `$12.40 of $500.00`, exact on hover. */
export function SpentOf({ standing: { spentUsd, amountUsd } }: { standing: Standing }) {
  return (
    <span className="whitespace-nowrap" title={`${formatUsdExact(spentUsd)} of ${formatUsdExact(amountUsd)}`}>
      {formatUsd(spentUsd)} <span className="text-muted">of {formatUsd(amountUsd)}</span>
    </span>
  )
}

export function LeftText({ standing }: { standing: { leftUsd: string } }) {
  const text = leftText(standing)
  return isUsedUp(standing) ? (
    <Status tone="danger">{text}</Status>
  ) : (
    <span className="whitespace-nowrap" title={formatUsdExact(standing.leftUsd)}>
      {text}
    </span>
  )
}

export function BudgetKind({ budget }: { budget: Pick<Budget, 'enabled' | 'enforcement'> }) {
  if (!budget.enabled) return <Status tone="neutral">Off</Status>
  return budget.enforcement === 'hard' ? (
    <Status tone="accent">Hard</Status>
  ) : (
    <Status tone="neutral">Soft</Status>
  )
}
