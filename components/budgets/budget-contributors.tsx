'use client'

import { keepPreviousData, useQuery } from '@tanstack/react-query'
import Link from 'next/link'
import { useState } from 'react'
import { apiGet } from '@/components/data/api'
import { useLiveQuery } from '@/components/data/live'
import { callsHref } from '@/components/overview/links'
import { useScopeName } from '@/components/policies/scope-text'
import { Select } from '@/components/ui/select'
import { SkeletonLines } from '@/components/ui/skeleton'
import { parseUsd } from '@/lib/contract/money'
import { formatUsd, formatUsdExact } from '@/lib/format/money'
import { formatPercent } from '@/lib/format/tokens'
import type { Budget } from '@/lib/resources/budgets/schema'
import type { UsageReport } from '@/lib/resources/usage/schema'

const SHOWN = 8
/** Before anything of Gatehouse was booked: of a budget that never resets all counts. */
const ALWAYS = '2020-01-01T00:00:00Z'
const DIMENSIONS = { consumer: 'Consumers', key: 'Keys', route: 'Routes', model: 'Models' } as const
type Dimension = keyof typeof DIMENSIONS
const FILTERS: Record<Dimension, string> = {
  consumer: 'consumerId',
  key: 'keyId',
  route: 'route',
  model: 'model',
}

/** Which filter of the usage report is the scope of a budget; null: the report does not know it apart. */
export function usageFilter(
  { type, id, each }: Budget['scope'],
  name: string | null,
): Record<string, string> | null {
  if (type === 'organization' || (each && type !== 'user' && type !== 'tag')) return {}
  if (id === null) return null
  switch (type) {
    case 'team':
    case 'consumer':
    case 'key':
    case 'provider':
      return { [`${type}Id`]: id }
    case 'model':
      return { model: id }
    // The report knows routes by their names.
    case 'route':
      return name === null ? null : { route: name }
    default:
      return null
  }
}

/** Who and what spent it in this period, the costliest first. */
export function BudgetContributors({ budget }: { budget: Budget }) {
  const [dimension, setDimension] = useState<Dimension>('consumer')
  const filter = usageFilter(budget.scope, useScopeName(budget.scope))
  const from = budget.current.from ?? ALWAYS
  const key = ['usage', 'contributors', budget.id, dimension, from, filter]
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      apiGet<UsageReport>(
        '/usage',
        { ...filter, from, interval: 'month', groupBy: dimension, top: SHOWN },
        signal,
      ),
    enabled: filter !== null,
    placeholderData: keepPreviousData,
  })
  useLiveQuery('usage', key, { everyMs: 2_000, enabled: filter !== null })
  if (filter === null)
    return (
      <p className="text-sm text-muted">Reports do not tell {budget.scope.type}s apart yet: see the calls.</p>
    )
  const { data } = query
  const total = data ? parseUsd(data.total.costUsd) : 0n
  const shown = data?.series.filter((one) => parseUsd(one.total.costUsd) > 0n) ?? []
  return (
    <div className="flex flex-col gap-2">
      <Select
        aria-label="Contributors by"
        value={dimension}
        onChange={(event) => setDimension(event.target.value as Dimension)}
        className="w-40"
      >
        {Object.entries(DIMENSIONS).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </Select>
      {query.isPending ? <SkeletonLines lines={3} label="Loading who spent it" /> : null}
      {query.isError && !data ? <p className="text-sm text-danger">They could not be read.</p> : null}
      {data && shown.length === 0 ? (
        <p className="text-sm text-muted">Nothing is spent in this period yet.</p>
      ) : null}
      <ul className="divide-y">
        {shown.map((one) => {
          const id = one.key[dimension]
          const label = one.others ? `${one.others} others` : (one.label[dimension] ?? id ?? 'none')
          const cost = parseUsd(one.total.costUsd)
          const share = total > 0n ? Number((cost * 10_000n) / total) / 10_000 : 0
          return (
            <li key={one.others ? 'others' : (id ?? '')} className="flex items-center gap-3 py-1.5 text-sm">
              <span className="min-w-0 flex-1 truncate">
                {id && !one.others ? (
                  <Link
                    className="hover:underline"
                    href={callsHref({
                      from,
                      to: new Date().toISOString(),
                      simulated: 'exclude',
                      filters: { ...filter, [FILTERS[dimension]]: id },
                    })}
                  >
                    {label}
                  </Link>
                ) : (
                  <span className="text-muted">{label}</span>
                )}
              </span>
              <span className="h-1.5 w-20 overflow-hidden rounded-full bg-sunken max-sm:hidden" aria-hidden>
                <span className="block h-full bg-accent" style={{ width: `${share * 100}%` }} />
              </span>
              <span className="w-14 text-right text-muted">{formatPercent(share)}</span>
              <span className="w-20 text-right" title={formatUsdExact(one.total.costUsd)}>
                {formatUsd(one.total.costUsd)}
              </span>
            </li>
          )
        })}
      </ul>
    </div>
  )
}
