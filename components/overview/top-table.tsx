import Link from 'next/link'
import { REST_COLOUR, sumUsd } from '@/components/charts/series'
import { sessionColours } from '@/components/charts/series-colour'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import { formatCount, formatTokens } from '@/lib/format/tokens'
import type { UsageReport, UsageValues } from '@/lib/resources/usage/schema'
import { tokens } from './kpi-tiles'

const SHOWN = 6

/** Who made the most of it, the costliest first; the last row is all others, so that the column adds up. */
export function TopTable({
  title,
  dimension,
  report,
  hrefOf,
  allHref,
}: {
  title: string
  dimension: 'route' | 'team' | 'consumer'
  report: UsageReport
  hrefOf: (id: string, label: string) => string
  allHref: string
}) {
  const rows = report.series
    .filter((one) => one.total.requests > 0)
    .toSorted(
      (a, b) => Number(b.total.costUsd) - Number(a.total.costUsd) || b.total.requests - a.total.requests,
    )
  const left = rows.length > SHOWN + 1 ? rows.slice(SHOWN) : []
  const shown = left.length > 0 ? rows.slice(0, SHOWN) : rows
  return (
    <section className="min-w-0 rounded-card border bg-surface" aria-label={title}>
      <div className="flex items-center justify-between px-4 pt-3 pb-1">
        <h2 className="text-base font-semibold">{title}</h2>
        <Link href={allHref} className="text-sm text-muted hover:text-fg hover:underline">
          All {dimension}s
        </Link>
      </div>
      {rows.length === 0 ? (
        <p className="px-4 pb-4 text-sm text-muted">No calls in this range.</p>
      ) : (
        <div className="overflow-x-auto">
          <table className="w-full text-sm">
            <thead className="text-xs text-muted">
              <tr>
                <th scope="col" className="py-1.5 pl-4 text-left font-medium capitalize">
                  {dimension}
                </th>
                <th scope="col" className="px-2 py-1.5 text-right font-medium">
                  Calls
                </th>
                <th scope="col" className="px-2 py-1.5 text-right font-medium">
                  Tokens
                </th>
                <th scope="col" className="py-1.5 pr-4 pl-2 text-right font-medium">
                  Cost
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((one) => {
                const id = one.key[dimension] ?? null
                const label = one.label[dimension] ?? id
                return (
                  <tr key={id ?? 'none'} className="border-t hover:bg-hover">
                    <th scope="row" className="w-[46%] max-w-0 truncate py-2 pl-4 text-left font-normal">
                      <Swatch colour={sessionColours.of(dimension, id)} />
                      {id === null ? (
                        <span className="text-muted">no {dimension}</span>
                      ) : (
                        <Link
                          href={hrefOf(id, label ?? id)}
                          className={
                            dimension === 'route' ? 'font-mono text-xs hover:underline' : 'hover:underline'
                          }
                        >
                          {label}
                        </Link>
                      )}
                    </th>
                    <Numbers values={one.total} />
                  </tr>
                )
              })}
              {left.length > 0 ? (
                <tr className="border-t text-muted">
                  <th scope="row" className="py-2 pl-4 text-left font-normal">
                    <Swatch colour={REST_COLOUR} />
                    {left.length} others
                  </th>
                  <Numbers values={addUp(left.map((one) => one.total))} />
                </tr>
              ) : null}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Swatch({ colour }: { colour: string }) {
  return (
    <span className="mr-2 inline-block size-2 rounded-[2px]" style={{ background: colour }} aria-hidden />
  )
}

type Shown = Pick<UsageValues, 'requests' | 'inputTokens' | 'outputTokens' | 'costUsd'>

function Numbers({ values }: { values: Shown }) {
  return (
    <>
      <td className="px-2 py-2 text-right">{formatCount(values.requests)}</td>
      <td className="px-2 py-2 text-right">{formatTokens(tokens(values))}</td>
      <td className="py-2 pr-4 pl-2 text-right" title={formatUsdExact(values.costUsd)}>
        {formatUsd(values.costUsd)}
      </td>
    </>
  )
}

function addUp(all: readonly UsageValues[]): Shown {
  const sum = (of: (values: UsageValues) => number) => all.reduce((total, values) => total + of(values), 0)
  return {
    requests: sum((values) => values.requests),
    inputTokens: sum((values) => values.inputTokens),
    outputTokens: sum((values) => values.outputTokens),
    costUsd: sumUsd(all.map((values) => values.costUsd)),
  }
}
