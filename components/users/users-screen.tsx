'use client'

import { Pencil, Trash2, UserPlus, Users } from 'lucide-react'
import Link from 'next/link'
import { parseAsBoolean, parseAsString, useQueryState } from 'nuqs'
import { useMemo, useState } from 'react'
import { useOptions, useResource } from '@/components/data/collection'
import { useCan, useMe } from '@/components/data/me'
import { DataTable } from '@/components/resource/data-table'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import type { Column } from '@/components/resource/table-column'
import { Badge, Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { SidePanel } from '@/components/ui/side-panel'
import { EmptyState } from '@/components/ui/states'
import { ExactTime, Time } from '@/components/ui/time'
import { ROLE_MEANINGS } from '@/lib/resources/roles'
import type { Team } from '@/lib/resources/teams/schema'
import type { User } from '@/lib/resources/users/schema'
import { ROLE_LABELS } from './role-labels'
import { RoleMeanings } from './roles-editor'
import { CreateUserDialog, EditUserForm } from './user-form'

const COLUMNS: readonly Column<User>[] = [
  { id: 'name', header: 'Name', sort: 'name', grow: 3, cell: (user) => user.name },
  { id: 'email', header: 'Email', sort: 'email', from: 'sm', grow: 3, cell: (user) => user.email },
  { id: 'role', header: 'Role', cell: (user) => (user.role ? ROLE_LABELS[user.role] : '–') },
  {
    id: 'teams',
    header: 'Teams',
    grow: 3,
    from: 'md',
    cell: (user) =>
      user.teams.length === 0
        ? '–'
        : `${user.teams
            .slice(0, 2)
            .map((team) => `${team.teamName} (${ROLE_LABELS[team.role].toLowerCase()})`)
            .join(', ')}${user.teams.length > 2 ? `, and ${user.teams.length - 2} more` : ''}`,
  },
  {
    id: 'status',
    header: 'Status',
    from: 'sm',
    cell: (user) =>
      user.disabled ? <Status tone="neutral">Disabled</Status> : <Status tone="ok">Active</Status>,
  },
  {
    id: 'seen',
    header: 'Last seen',
    from: 'lg',
    cell: (user) => <Time value={user.lastSeenAt} empty="never" />,
  },
  {
    id: 'created',
    header: 'Created',
    sort: 'createdAt',
    hidden: true,
    cell: (user) => <Time value={user.createdAt} />,
  },
]

export function UsersScreen() {
  const can = useCan()
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  const [open, setOpen] = useQueryState('user', parseAsString.withOptions({ history: 'push' }))
  const teams = useOptions<Team>('/teams', { sort: 'name' })
  const filters = useMemo(
    () => [
      {
        id: 'teamId',
        label: 'Team',
        options: (teams.data ?? []).map((team) => ({ value: team.id, label: team.name })),
      },
    ],
    [teams.data],
  )
  const create = can('users.create') ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
      <UserPlus aria-hidden />
      Add user
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Users"
        description="People who sign in. A role is for the whole deployment, or for one team."
        actions={create}
      />
      <DataTable
        noun="users"
        path="/users"
        columns={COLUMNS}
        filters={filters}
        defaultSort="name"
        rowLabel={(user) => user.name}
        onRowOpen={(user) => void setOpen(user.id)}
        openId={open}
        rowTone={(user) => (user.disabled ? 'muted' : undefined)}
        empty={
          <EmptyState icon={<Users aria-hidden />} title="Nobody here" action={create}>
            Add the people who run the platform, and those who issue keys for their team.
          </EmptyState>
        }
      />
      <details className="mt-4 rounded-card border bg-surface px-4 py-3">
        <summary className="text-sm font-medium">What the roles mean</summary>
        <div className="pt-3">
          <RoleMeanings />
        </div>
      </details>
      <UserPanel id={open} onClose={() => void setOpen(null)} />
      <CreateUserDialog
        open={creating && can('users.create')}
        onOpenChange={(next) => void setCreating(next || null)}
      />
    </>
  )
}

function UserPanel({ id, onClose }: { id: string | null; onClose: () => void }) {
  const query = useResource<User>('/users', id)
  return (
    <SidePanel
      open={id !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      title={query.data?.data.name ?? 'User'}
      description={query.data?.data.email}
    >
      {resourceState(query, 'user', '/users')}
      {query.data ? (
        <Body key={query.data.data.id} user={query.data.data} etag={query.data.etag} onClose={onClose} />
      ) : null}
    </SidePanel>
  )
}

function Body({ user, etag, onClose }: { user: User; etag: string | null; onClose: () => void }) {
  const can = useCan()
  const me = useMe()
  const [mode, setMode] = useState<'view' | 'edit' | 'delete'>('view')
  if (mode === 'edit') return <EditUserForm user={user} etag={etag} onDone={() => setMode('view')} />
  return (
    <div className="flex flex-col gap-5">
      <KeyValues
        items={[
          {
            label: 'Status',
            value: user.disabled ? (
              <Status tone="neutral">Disabled: can't sign in</Status>
            ) : (
              <Status tone="ok">Active</Status>
            ),
          },
          {
            label: 'Role',
            value: user.role ? (
              <>
                {ROLE_LABELS[user.role]}{' '}
                <span className="text-sm text-muted">{ROLE_MEANINGS[user.role]}</span>
              </>
            ) : (
              'None for the deployment'
            ),
          },
          {
            label: 'Teams',
            value:
              user.teams.length === 0 ? (
                'None'
              ) : (
                <ul className="flex flex-col gap-1">
                  {user.teams.map((team) => (
                    <li key={team.teamId} className="flex items-center gap-2">
                      <Link href={`/teams/${team.teamId}`} className="text-accent hover:underline">
                        {team.teamName}
                      </Link>
                      <Badge>{ROLE_LABELS[team.role]}</Badge>
                    </li>
                  ))}
                </ul>
              ),
          },
          { label: 'Last seen', value: <Time value={user.lastSeenAt} empty="never" /> },
          { label: 'Created', value: <ExactTime value={user.createdAt} /> },
        ]}
      />
      <div className="flex flex-wrap gap-2">
        {can('users.update') ? (
          <Button onClick={() => setMode('edit')}>
            <Pencil aria-hidden />
            Edit
          </Button>
        ) : null}
        {can('users.delete') && user.id !== me.id ? (
          <Button variant="dangerGhost" onClick={() => setMode('delete')}>
            <Trash2 aria-hidden />
            Delete user
          </Button>
        ) : null}
      </div>
      <DeleteDialog
        open={mode === 'delete'}
        onOpenChange={(open) => setMode(open ? 'delete' : 'view')}
        noun="user"
        name={user.email}
        path={`/users/${user.id}`}
        onDeleted={onClose}
      >
        <p>
          Their sessions and access tokens end now. API keys that they own go on working, without an owner. To
          keep the account, take away "May sign in" instead.
        </p>
      </DeleteDialog>
    </div>
  )
}
