'use client'

import { Gauge, Plus } from 'lucide-react'
import { parseAsBoolean, parseAsString, useQueryState } from 'nuqs'
import { useLiveQuery } from '@/components/data/live'
import { useCan } from '@/components/data/me'
import { ScopeText } from '@/components/policies/scope-text'
import { SCOPE_FILTER } from '@/components/policies/scope-words'
import { DataTable } from '@/components/resource/data-table'
import type { Column, TableFilter } from '@/components/resource/table-column'
import { Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import type { Limit } from '@/lib/resources/limits/schema'
import { CreateLimitDialog } from './limit-form'
import { LimitPanel } from './limit-panel'
import { LimitUse } from './limit-use'
import { limitExact, limitText, METRIC_NAMES, METRICS } from './limit-words'

const COLUMNS: readonly Column<Limit>[] = [
  { id: 'name', header: 'Name', sort: 'name', grow: 4, cell: (limit) => limit.name },
  { id: 'scope', header: 'Counts', from: 'sm', grow: 3, cell: (limit) => <ScopeText scope={limit.scope} /> },
  {
    id: 'amount',
    header: 'Amount',
    from: 'sm',
    cell: (limit) => <span title={limitExact(limit)}>{limitText(limit)}</span>,
  },
  {
    id: 'used',
    header: 'Counts now',
    cell: (limit) =>
      !limit.enabled ? (
        <span className="text-muted">off</span>
      ) : limit.current ? (
        <span
          title={limit.scope.each ? `Nearest: ${limit.current.name ?? limit.current.subject}` : undefined}
        >
          <LimitUse limit={limit} subject={limit.current} narrow />
        </span>
      ) : (
        <span className="text-muted">
          nothing<span className="sm:hidden"> of {limitText(limit)}</span>
        </span>
      ),
  },
  {
    id: 'status',
    header: 'Status',
    from: 'sm',
    cell: (limit) => (limit.enabled ? <Status tone="ok">On</Status> : <Status tone="neutral">Off</Status>),
  },
  {
    id: 'changed',
    header: 'Changed',
    sort: 'updatedAt',
    from: 'lg',
    cell: (limit) => <Time value={limit.updatedAt} />,
  },
]
const FILTERS: readonly TableFilter[] = [
  SCOPE_FILTER,
  {
    id: 'metric',
    label: 'Measure',
    options: METRIC_NAMES.map((name) => ({ value: name, label: METRICS[name].label })),
  },
]

export function LimitsScreen() {
  const can = useCan()
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  // Which one is nearest may be another: how much of it counts is told by itself.
  useLiveQuery('standings', ['resource', '/limits', 'list'], { everyMs: 3_000 })
  const [openId, setOpenId] = useQueryState('limit', parseAsString.withOptions({ history: 'push' }))
  const create = can('limits.create') ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
      <Plus aria-hidden />
      Create limit
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Limits"
        description="Rates of requests, tokens, cost and calls at once. All that apply to a call must have room."
        actions={create}
      />
      <DataTable<Limit>
        noun="limits"
        path="/limits"
        columns={COLUMNS}
        filters={FILTERS}
        defaultSort="name"
        rowLabel={(limit) => limit.name}
        onRowOpen={(limit) => void setOpenId(limit.id)}
        openId={openId}
        rowTone={(limit) => (limit.enabled ? undefined : 'muted')}
        empty={
          <EmptyState
            icon={<Gauge aria-hidden />}
            title="No limits yet"
            action={create}
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/limits" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "tokens a minute, for each key", "scope": {"type": "key", "each": true},
       "metric": "tokens", "limit": 200000, "windowSeconds": 60}'`}
          >
            A limit keeps one caller from crowding out the others, and keeps a provider's own limits before it
            has to refuse.
          </EmptyState>
        }
      />
      <CreateLimitDialog
        open={creating && can('limits.create')}
        onClose={() => void setCreating(null)}
        onCreated={(limit) => void setOpenId(limit.id)}
      />
      <LimitPanel id={openId} onClose={() => void setOpenId(null)} />
    </>
  )
}
