'use client'

import { Building2, Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { parseAsBoolean, useQueryState } from 'nuqs'
import { useCan } from '@/components/data/me'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import { formatCount } from '@/lib/format/tokens'
import type { Team } from '@/lib/resources/teams/schema'
import { TeamDialog } from './team-form'

const COLUMNS: readonly Column<Team>[] = [
  { id: 'name', header: 'Name', sort: 'name', grow: 1, cell: (team) => team.name },
  { id: 'consumers', header: 'Consumers', align: 'right', cell: (team) => formatCount(team.consumerCount) },
  { id: 'keys', header: 'Working keys', align: 'right', cell: (team) => formatCount(team.keyCount) },
  {
    id: 'members',
    header: 'Members',
    align: 'right',
    from: 'sm',
    cell: (team) => formatCount(team.memberCount),
  },
  {
    id: 'created',
    header: 'Created',
    sort: 'createdAt',
    from: 'md',
    cell: (team) => <Time value={team.createdAt} />,
  },
  {
    id: 'id',
    header: 'Id',
    hidden: true,
    cell: (team) => <span className="font-mono text-xs text-muted">{team.id}</span>,
  },
]

export function TeamsScreen() {
  const can = useCan()
  const router = useRouter()
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  const create = can('teams.create') ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
      <Plus aria-hidden />
      Create team
    </Button>
  ) : null
  return (
    <>
      <PageHead title="Teams" description="A team is charged for what its consumers use." actions={create} />
      <DataTable
        noun="teams"
        path="/teams"
        columns={COLUMNS}
        rowLabel={(team) => team.name}
        rowHref={(team) => `/teams/${team.id}`}
        defaultSort="name"
        empty={
          <EmptyState
            icon={<Building2 aria-hidden />}
            title="No teams yet"
            action={create}
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/teams" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "Search"}'`}
          >
            Costs, budgets and people belong to a team. Start with the one whose application will make the
            first call.
          </EmptyState>
        }
      />
      <TeamDialog
        open={creating && can('teams.create')}
        onOpenChange={(open) => void setCreating(open || null)}
        onSaved={(team) => router.push(`/teams/${team.id}`)}
      />
    </>
  )
}
