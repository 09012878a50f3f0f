'use client'

import Link from 'next/link'
import type { ReactNode } from 'react'
import { Badge } from '@/components/ui/badge'
import { Callout } from '@/components/ui/callout'
import { CopyButton } from '@/components/ui/copy-button'
import { formatPlural } from '@/lib/format/tokens'
import type { Receipt } from '@/lib/resources/calls/schema'
import {
  correctionOf,
  lineSum,
  linesAgree,
  linesTotal,
  METER_WORDS,
  priceVersionWords,
  type ReceiptLine,
  shortUsd,
  standingLines,
  sumEquation,
} from './arithmetic'
import { ReceiptBound } from './receipt-bound'
import { Part } from './receipt-parts'

/** What the call costs by the lines that stand, and what was corrected on the way there. */
export function ReceiptCost({ receipt }: { receipt: Receipt }) {
  const { lines, costUsd } = receipt
  const standing = standingLines(receipt)
  const severalAttempts = new Set(lines.map((line) => line.attempt)).size > 1
  if (standing.length === 0) {
    return (
      <Part title="Cost">
        <p className="text-sm text-muted">
          {receipt.unpriced ? (
            <>
              No price is known for this model, so the tokens stand without an amount. Set one under{' '}
              <Link href="/prices?tab=unpriced" className="text-accent hover:underline">
                unpriced models
              </Link>
              , and price past calls again.
            </>
          ) : costUsd === null ? (
            'What this call cost is not known: the vendor may or may not have seen it.'
          ) : (
            'Nothing was used, so nothing was charged.'
          )}
        </p>
        <Corrections receipt={receipt} severalAttempts={severalAttempts} />
        <ReceiptBound receipt={receipt} />
      </Part>
    )
  }
  const sum = sumEquation(standing)
  const versions = [...new Set(standing.map((line) => line.priceVersion))]
  return (
    <Part title="Cost">
      <LineTable lines={standing} severalAttempts={severalAttempts}>
        <tr className="border-t border-border-strong font-medium">
          <td className="py-1.5 pr-3">Sum</td>
          <td className="px-3 py-1.5 text-right text-xs font-normal whitespace-nowrap text-muted">
            {sum?.slice(0, sum.lastIndexOf(' = '))}
          </td>
          <td className="py-1.5 pl-3 text-right whitespace-nowrap">= {shortUsd(linesTotal(standing))}</td>
        </tr>
      </LineTable>
      <p className="mt-2 flex flex-wrap items-center gap-x-1 text-xs text-muted">
        Prices: {versions.map(priceVersionWords).join(', ')}
        <CopyButton text={costUsd ?? linesTotal(lines)} what="exact cost" />
      </p>
      {linesAgree(lines, costUsd) ? null : (
        <Callout
          tone="danger"
          role="alert"
          className="mt-2"
          title="The lines do not add up to the cost of the call"
        >
          The call says {shortUsd(costUsd ?? '0')}. Please report this with the request id.
        </Callout>
      )}
      {costUsd === null ? (
        <p className="mt-2 text-sm text-warn">
          A part of this call has no price, so it has no cost as a whole.
        </p>
      ) : null}
      <Corrections receipt={receipt} severalAttempts={severalAttempts} />
      <ReceiptBound receipt={receipt} />
    </Part>
  )
}

function LineTable({
  lines,
  severalAttempts,
  children,
}: {
  lines: readonly ReceiptLine[]
  severalAttempts: boolean
  children?: ReactNode
}) {
  return (
    <div className="overflow-x-auto">
      <table className="w-full text-sm">
        <thead className="text-xs text-muted">
          <tr>
            <th scope="col" className="py-1 pr-3 text-left font-medium">
              Meter
            </th>
            <th scope="col" className="px-3 py-1 text-right font-medium">
              Quantity × price
            </th>
            <th scope="col" className="py-1 pl-3 text-right font-medium">
              Amount
            </th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a line is known by its place, and never moves.
            <tr key={index} className="border-t">
              <td className="py-1.5 pr-3">
                {METER_WORDS[line.meter]}
                {severalAttempts ? <span className="text-muted"> · try {line.attempt + 1}</span> : null}
                {line.correctionOf ? (
                  <Badge className="ml-1.5">{line.quantity < 0 ? 'taken back' : 'corrected'}</Badge>
                ) : null}
              </td>
              <td className="px-3 py-1.5 text-right whitespace-nowrap text-muted">{lineSum(line)}</td>
              <td className="py-1.5 pl-3 text-right whitespace-nowrap">= {shortUsd(line.costUsd)}</td>
            </tr>
          ))}
          {children}
        </tbody>
      </table>
    </div>
  )
}

/** Before and after, and every line that the books have of it. */
function Corrections({ receipt, severalAttempts }: { receipt: Receipt; severalAttempts: boolean }) {
  const correction = correctionOf(receipt)
  if (!correction) return null
  const { beforeUsd, afterUsd } = correction
  return (
    <section aria-label="Corrections" className="mt-3 rounded-control border px-3 py-2 text-sm">
      <p>
        Priced again: {beforeUsd === null ? 'it had no price' : `it was ${shortUsd(beforeUsd)}`}, and is{' '}
        {afterUsd === null ? 'without a price' : shortUsd(afterUsd)} now.
      </p>
      {receipt.lines.some(({ quantity }) => quantity < 0) ? (
        <details className="mt-1">
          <summary className="cursor-pointer text-muted">
            {formatPlural(receipt.lines.length, 'line')} in the books
          </summary>
          <div className="mt-1">
            <LineTable lines={receipt.lines} severalAttempts={severalAttempts} />
          </div>
        </details>
      ) : null}
    </section>
  )
}
