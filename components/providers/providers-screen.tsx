'use client'

import { useQuery } from '@tanstack/react-query'
import { Boxes, Plus } from 'lucide-react'
import Link from 'next/link'
import { useMemo } from 'react'
import { apiGet } from '@/components/data/api'
import { useCan } from '@/components/data/me'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { Badge, Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import { formatCount } from '@/lib/format/tokens'
import { DEFAULT_BASE_URLS, type Provider } from '@/lib/resources/providers/schema'
import type { AllHealth, TargetHealth } from '@/lib/resources/routes/health-schema'
import { KINDS, kindLabel } from './provider-kinds'
import { standingOf, worstStanding } from './target-standing'

const COLUMNS: readonly Column<Provider>[] = [
  { id: 'name', header: 'Name', sort: 'name', grow: 3, cell: (provider) => provider.name },
  {
    id: 'kind',
    header: 'Kind',
    from: 'sm',
    cell: (provider) => (
      <span className="inline-flex items-center gap-1.5">
        {kindLabel(provider.kind)}
        {provider.kind === 'sandbox' ? <Badge tone="accent">simulated</Badge> : null}
      </span>
    ),
  },
  {
    id: 'address',
    header: 'Address',
    from: 'md',
    grow: 4,
    cell: (provider) => {
      const address = provider.baseUrl ?? DEFAULT_BASE_URLS[provider.kind]
      return address ? (
        <span className="font-mono text-xs text-muted">{address}</span>
      ) : (
        <span className="text-muted">inside the gateway</span>
      )
    },
  },
  {
    id: 'credentials',
    header: 'API key',
    from: 'sm',
    cell: (provider) => {
      const keys = provider.credentials.apiKey ?? []
      return keys.length === 0 ? (
        <span className="text-muted">none</span>
      ) : (
        <span className="font-mono text-xs">
          ••••{keys[0]?.last4}
          {keys.length > 1 ? ` and ${keys.length - 1} more` : ''}
        </span>
      )
    },
  },
  {
    id: 'routes',
    header: 'Routes',
    align: 'right',
    from: 'sm',
    cell: (provider) => formatCount(provider.routeCount),
  },
  {
    id: 'updated',
    header: 'Changed',
    sort: 'updatedAt',
    from: 'lg',
    cell: (provider) => <Time value={provider.updatedAt} />,
  },
]
const FILTERS = [
  {
    id: 'kind',
    label: 'Kind',
    options: Object.entries(KINDS).map(([value, { label }]) => ({ value, label })),
  },
]

const HEALTH_EVERY_MS = 3_000

/** Read again every three seconds while the page is in sight: as often as gateways tell it. */
function useAllHealth() {
  return useQuery({
    queryKey: ['provider-health'],
    queryFn: ({ signal }) => apiGet<AllHealth>('/provider-health', undefined, signal),
    refetchInterval: HEALTH_EVERY_MS,
  }).data
}

function healthColumn(health: AllHealth | undefined): Column<Provider> {
  const byProvider = Map.groupBy(health?.targets ?? [], ({ providerId }) => providerId)
  return {
    id: 'health',
    header: 'Health',
    cell: ({ id }) => (health ? <HealthCell targets={byProvider.get(id) ?? []} /> : null),
  }
}

/** The worst of its models, and how many of them stand so when there are several. */
function HealthCell({ targets }: { targets: readonly TargetHealth[] }) {
  const { tone, word, meaning } = worstStanding(targets)
  const so = targets.filter((target) => standingOf(target).word === word).length
  return (
    <Status tone={tone}>
      <span title={meaning} className={tone === 'neutral' ? 'text-muted' : ''}>
        {word}
        {so < targets.length && tone !== 'ok' ? (
          <span className="text-muted">
            {' '}
            {so} of {targets.length}
          </span>
        ) : null}
      </span>
    </Status>
  )
}

export function ProvidersScreen() {
  const can = useCan()
  const health = useAllHealth()
  const columns = useMemo(() => COLUMNS.toSpliced(2, 0, healthColumn(health)), [health])
  const create = can('providers.create') ? (
    <Button asChild variant="primary">
      <Link href="/providers/new">
        <Plus aria-hidden />
        Add provider
      </Link>
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Providers"
        description="Accounts and endpoints that answer: the gateway holds their credentials, callers never see them."
        actions={create}
      />
      <DataTable
        noun="providers"
        path="/providers"
        columns={columns}
        filters={FILTERS}
        defaultSort="name"
        rowLabel={(provider) => provider.name}
        rowHref={(provider) => `/providers/${provider.id}`}
        empty={
          <EmptyState
            icon={<Boxes aria-hidden />}
            title="No providers yet"
            action={create}
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/providers" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "openai", "kind": "openai", 
       "credentials": {"apiKey": "'"$OPENAI_API_KEY"'"}}'`}
          >
            A provider is one account at a vendor, or a server of your own. Without an account at hand, add
            the sandbox: it simulates one.
          </EmptyState>
        }
      />
    </>
  )
}
