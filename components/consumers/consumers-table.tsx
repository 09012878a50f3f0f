'use client'

import { Shapes } from 'lucide-react'
import { parseAsString, useQueryState } from 'nuqs'
import { type ReactNode, useMemo } from 'react'
import { useOptions } from '@/components/data/collection'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { Status } from '@/components/ui/badge'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import { formatCount } from '@/lib/format/tokens'
import type { Consumer } from '@/lib/resources/consumers/schema'
import type { Team } from '@/lib/resources/teams/schema'
import { ConsumerPanel } from './consumer-panel'

const COLUMNS: readonly Column<Consumer>[] = [
  { id: 'name', header: 'Name', sort: 'name', grow: 3, cell: (consumer) => consumer.name },
  { id: 'team', header: 'Team', from: 'sm', grow: 3, cell: (consumer) => consumer.teamName },
  {
    id: 'status',
    header: 'Status',
    cell: (consumer) =>
      consumer.enabled ? <Status tone="ok">On</Status> : <Status tone="neutral">Off</Status>,
  },
  { id: 'keys', header: 'Working keys', align: 'right', cell: (consumer) => formatCount(consumer.keyCount) },
  {
    id: 'description',
    header: 'Description',
    from: 'lg',
    grow: 4,
    cell: (consumer) => <span className="text-muted">{consumer.description ?? '–'}</span>,
  },
  {
    id: 'created',
    header: 'Created',
    sort: 'createdAt',
    from: 'md',
    cell: (consumer) => <Time value={consumer.createdAt} />,
  },
]

/** All consumers, or those of one team; a row opens beside the list. */
export function ConsumersTable({
  teamId,
  toolbar,
  emptyAction,
}: {
  teamId?: string
  toolbar?: ReactNode
  emptyAction?: ReactNode
}) {
  const [open, setOpen] = useQueryState('consumer', parseAsString.withOptions({ history: 'push' }))
  const teams = useOptions<Team>('/teams', { sort: 'name' }, teamId === undefined)
  const filters = useMemo(
    () =>
      teamId === undefined
        ? [
            {
              id: 'teamId',
              label: 'Team',
              options: (teams.data ?? []).map((team) => ({ value: team.id, label: team.name })),
            },
          ]
        : [],
    [teamId, teams.data],
  )
  return (
    <>
      <DataTable
        noun="consumers"
        path="/consumers"
        query={useMemo(() => ({ teamId }), [teamId])}
        columns={teamId ? COLUMNS.filter((column) => column.id !== 'team') : COLUMNS}
        filters={filters}
        rowLabel={(consumer) => consumer.name}
        onRowOpen={(consumer) => void setOpen(consumer.id)}
        openId={open}
        defaultSort="name"
        rowTone={(consumer) => (consumer.enabled ? undefined : 'muted')}
        toolbar={toolbar}
        empty={
          <EmptyState
            icon={<Shapes aria-hidden />}
            title="No consumers yet"
            action={emptyAction ?? toolbar}
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/consumers" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "support-bot", "teamId": "${teamId ?? 'team_…'}"}'`}
          >
            A consumer is an application or agent that calls the gateway. It holds API keys, and its costs go
            to its team.
          </EmptyState>
        }
      />
      <ConsumerPanel id={open} onClose={() => void setOpen(null)} />
    </>
  )
}
