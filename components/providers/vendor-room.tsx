'use client'

import { useQuery } from '@tanstack/react-query'
import { apiGet } from '@/components/data/api'
import { useLiveQuery } from '@/components/data/live'
import { LimitUse } from '@/components/limits/limit-use'
import { METRICS, windowText } from '@/components/limits/limit-words'
import { Card } from '@/components/ui/card'
import { SkeletonLines } from '@/components/ui/skeleton'
import { providerLimitId } from '@/lib/contract/entities'
import type { Provider, ProviderLimitUse } from '@/lib/resources/providers/schema'
import { vendorLimitExact } from './vendor-limit-words'

/** How much of what the vendor allows counts now, as the gateways tell it. */
export function VendorRoom({ provider }: { provider: Provider }) {
  // The version stands in the key: limits that were just saved are read anew.
  const key = ['resource', '/providers', 'limits', provider.id, provider.version]
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      apiGet<{ data: ProviderLimitUse[] }>(`/providers/${provider.id}/limits`, {}, signal),
    enabled: provider.limits.length > 0,
  })
  useLiveQuery('standings', key, { everyMs: 2_000 })
  if (provider.limits.length === 0) return null
  return (
    <Card title="Room at the vendor" description="What counts now, over all routes.">
      {query.isPending ? <SkeletonLines lines={2} label="Loading how much is used" /> : null}
      {query.isError ? <p className="text-sm text-danger">It could not be read.</p> : null}
      <ul className="divide-y empty:hidden">
        {(query.data?.data ?? []).map((limit) => (
          <VendorLimitRow key={vendorLimitExact(limit)} providerId={provider.id} limit={limit} />
        ))}
      </ul>
    </Card>
  )
}

function VendorLimitRow({ providerId, limit }: { providerId: string; limit: ProviderLimitUse }) {
  const { metric, model, used } = limit
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 py-2 text-sm">
      <span className="min-w-28 flex-1">
        {nameOf(limit)}
        {model === null ? null : (
          <span className="block truncate font-mono text-xs text-muted" title={model}>
            {model}
          </span>
        )}
      </span>
      <LimitUse
        limit={{ id: providerLimitId(providerId, limit), metric, limit: limit.limit }}
        subject={{ subject: model ?? '', name: null, used }}
      />
    </li>
  )
}

function nameOf({ metric, windowSeconds }: ProviderLimitUse): string {
  const { label } = METRICS[metric]
  return windowSeconds === null ? label : `${label} / ${windowText(windowSeconds)}`
}
