import { Badge } from '@/components/ui/badge'
import { Callout } from '@/components/ui/callout'
import { parseUsd } from '@/lib/contract/money'
import { formatPercent } from '@/lib/format/tokens'
import type { Receipt } from '@/lib/resources/calls/schema'
import { boundOf, linesTotal, shortUsd } from './arithmetic'

/** What was held before the call left beside what it came to: how good the bound was, and whether it held. */
export function ReceiptBound({ receipt }: { receipt: Receipt }) {
  const { reservedUsd, lines, costUsd, attempts, usageSource } = receipt
  if (reservedUsd === null) return null
  const unknown = attempts.some((attempt) => attempt.outcome === 'unknown')
  const settledUsd = costUsd ?? linesTotal(lines)
  const { overrunUsd, share } = boundOf(reservedUsd, settledUsd)
  return (
    <div className="mt-3 border-t pt-3">
      <dl className="grid grid-cols-2 gap-x-6 gap-y-1 text-sm sm:grid-cols-3">
        <div>
          <dt className="text-xs text-muted">Held before it left</dt>
          <dd>{shortUsd(reservedUsd)}</dd>
        </div>
        <div>
          <dt className="text-xs text-muted">Settled after</dt>
          <dd className="flex flex-wrap items-center gap-1.5">
            {unknown ? 'not known' : shortUsd(settledUsd)}
            {usageSource === 'estimated' ? <Badge tone="warn">estimated</Badge> : null}
          </dd>
        </div>
        {overrunUsd === null && !unknown ? (
          <div>
            <dt className="text-xs text-muted">Came to</dt>
            <dd>{formatPercent(share)} of it</dd>
          </div>
        ) : null}
      </dl>
      {overrunUsd === null ? null : (
        <Callout tone="warn" className="mt-2" title={`Overrun by ${shortUsd(overrunUsd)}`}>
          The provider charged more than was held. All of it is booked, and the next calls to this model are
          bounded by more.
        </Callout>
      )}
      {unknown ? (
        <p className="mt-2 text-xs text-muted">
          Nobody knows whether the provider saw it: budgets keep the whole bound until a correction.
        </p>
      ) : parseUsd(reservedUsd) > 0n && overrunUsd === null ? (
        <div className="mt-2 flex h-1.5 overflow-hidden rounded-full border" aria-hidden>
          <span className="bg-accent" style={{ width: `${share * 100}%` }} />
          <span className="hatched flex-1 text-accent" />
        </div>
      ) : null}
    </div>
  )
}
