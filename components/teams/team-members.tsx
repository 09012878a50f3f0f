'use client'

import { UserPlus, Users } from 'lucide-react'
import Link from 'next/link'
import { useMemo } from 'react'
import { DataTable } from '@/components/resource/data-table'
import type { Column } from '@/components/resource/table-column'
import { Button } from '@/components/ui/button'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import { ROLE_LABELS } from '@/components/users/role-labels'
import type { Team } from '@/lib/resources/teams/schema'
import type { User } from '@/lib/resources/users/schema'

export function TeamMembers({ team }: { team: Team }) {
  const columns = useMemo<readonly Column<User>[]>(
    () => [
      { id: 'name', header: 'Name', sort: 'name', grow: 1, cell: (user) => user.name },
      { id: 'email', header: 'Email', sort: 'email', from: 'sm', grow: 1, cell: (user) => user.email },
      {
        id: 'role',
        header: 'Role in this team',
        cell: (user) => {
          const membership = user.teams.find((candidate) => candidate.teamId === team.id)
          return membership ? ROLE_LABELS[membership.role] : '–'
        },
      },
      {
        id: 'seen',
        header: 'Last seen',
        from: 'md',
        cell: (user) => <Time value={user.lastSeenAt} empty="never" />,
      },
    ],
    [team.id],
  )
  return (
    <DataTable
      noun="members"
      path="/users"
      query={useMemo(() => ({ teamId: team.id }), [team.id])}
      columns={columns}
      rowLabel={(user) => user.name}
      rowHref={(user) => `/users?user=${user.id}`}
      urlPrefix="m-"
      empty={
        <EmptyState
          icon={<Users aria-hidden />}
          title="Nobody has a role in this team"
          action={
            <Button asChild>
              <Link href="/users">
                <UserPlus aria-hidden />
                Go to users
              </Link>
            </Button>
          }
        >
          Give a user a role in it: developers issue their own keys, team admins look after consumers and
          people.
        </EmptyState>
      }
    />
  )
}
