'use client'

import { useQuery } from '@tanstack/react-query'
import { apiGet } from '@/components/data/api'
import { useCan } from '@/components/data/me'
import type { Provider } from '@/lib/resources/providers/schema'
import type { ProviderHealth } from '@/lib/resources/routes/health-schema'
import { CredentialStates } from './credential-states'
import { ProviderErrors } from './provider-errors'
import { ProviderHealthCard } from './provider-health'
import { ServerCheckCard } from './server-check'

const EVERY_MS = 2_000

/** How a provider does: its models, its keys and its server, read again every two seconds while it is in sight. */
export function HealthPanel({ provider }: { provider: Provider }) {
  const can = useCan()
  const { data, isError } = useQuery({
    queryKey: ['provider-health', provider.id],
    queryFn: ({ signal }) => apiGet<ProviderHealth>(`/providers/${provider.id}/health`, undefined, signal),
    refetchInterval: EVERY_MS,
  })
  return (
    <div className="flex min-w-0 flex-col gap-4">
      <ProviderHealthCard
        providerId={provider.id}
        health={data}
        isError={isError}
        routeCount={provider.routeCount}
      />
      {provider.kind === 'sandbox' ? null : (
        <CredentialStates health={data} stored={provider.credentials.apiKey?.length ?? 0} />
      )}
      <ServerCheckCard provider={provider} health={data} />
      {can('providers.history') ? <ProviderErrors providerId={provider.id} /> : null}
    </div>
  )
}
