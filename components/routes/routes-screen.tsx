'use client'

import { Network, Plus } from 'lucide-react'
import Link from 'next/link'
import { useCan } from '@/components/data/me'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import type { Route } from '@/lib/resources/routes/schema'
import { STRATEGIES } from './strategy-words'

const COLUMNS: readonly Column<Route>[] = [
  {
    id: 'name',
    header: 'Name',
    sort: 'name',
    grow: 3,
    cell: (route) => <span className="font-mono">{route.name}</span>,
  },
  {
    id: 'targets',
    header: 'Targets',
    grow: 4,
    cell: (route) => (
      <span title={route.targets.map((target) => `${target.providerName}: ${target.model}`).join('\n')}>
        {route.targets.slice(0, 2).map((target, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: targets have no id, and two may be alike.
          <span key={index}>
            {index > 0 ? <span className="text-muted">, {joiner(route, index)} </span> : null}
            <span className="font-mono text-xs">{target.model}</span>{' '}
            <span className="text-muted max-md:hidden">at {target.providerName}</span>
          </span>
        ))}
        {route.targets.length > 2 ? (
          <span className="text-muted"> and {route.targets.length - 2} more</span>
        ) : null}
      </span>
    ),
  },
  {
    id: 'strategy',
    header: 'Strategy',
    from: 'md',
    cell: (route) => STRATEGIES[route.strategy]?.label ?? route.strategy,
  },
  {
    id: 'status',
    header: 'Status',
    from: 'sm',
    cell: (route) => (route.enabled ? <Status tone="ok">On</Status> : <Status tone="neutral">Off</Status>),
  },
  {
    id: 'updated',
    header: 'Changed',
    sort: 'updatedAt',
    from: 'lg',
    cell: (route) => <Time value={route.updatedAt} />,
  },
]

/** Those of one priority share the load; a later priority steps in. */
function joiner(route: Route, index: number): string {
  const shared =
    route.strategy !== 'priority' && route.targets[index]?.priority === route.targets[index - 1]?.priority
  return shared ? 'or' : 'then'
}

export function RoutesScreen() {
  const can = useCan()
  const create = can('routes.create') ? (
    <Button asChild variant="primary">
      <Link href="/routes/new">
        <Plus aria-hidden />
        Create route
      </Link>
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Routes"
        description="The model names that callers ask for, and who may answer."
        actions={create}
      />
      <DataTable
        noun="routes"
        path="/routes"
        columns={COLUMNS}
        defaultSort="name"
        rowLabel={(route) => route.name}
        rowHref={(route) => `/routes/${route.id}`}
        rowTone={(route) => (route.enabled ? undefined : 'muted')}
        empty={
          <EmptyState
            icon={<Network aria-hidden />}
            title="No routes yet"
            action={create}
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/routes" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "gpt-4o", "strategy": "priority", "targets": [{"providerId": "prov_…", "model": "gpt-4o"}]}'`}
          >
            An application asks for a route by its name. Which provider answers, and who steps in when that
            one fails, is yours to change at any time, without a change to the application.
          </EmptyState>
        }
      />
    </>
  )
}
