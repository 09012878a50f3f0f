'use client'

import { Pencil, Plus, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { parseAsStringLiteral, useQueryState } from 'nuqs'
import { useState } from 'react'
import { ConsumersTable } from '@/components/consumers/consumers-table'
import { useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { KeysTable } from '@/components/keys/keys-table'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { TabPanel, Tabs } from '@/components/ui/tabs'
import { ExactTime } from '@/components/ui/time'
import { formatPlural } from '@/lib/format/tokens'
import type { Team } from '@/lib/resources/teams/schema'
import { TeamDialog } from './team-form'
import { TeamMembers } from './team-members'

const TABS = ['overview', 'consumers', 'keys', 'members'] as const

export function TeamDetail({ id }: { id: string }) {
  const can = useCan()
  const router = useRouter()
  const query = useResource<Team>('/teams', id)
  const [tab, setTab] = useQueryState('tab', parseAsStringLiteral(TABS).withDefault('overview'))
  const [dialog, setDialog] = useState<'rename' | 'delete' | null>(null)
  const trail = [{ href: '/teams', label: 'Teams' }]
  const state = resourceState(query, 'team', '/teams')
  if (state || !query.data) {
    return (
      <>
        <PageHead title="Team" trail={trail} />
        {state}
      </>
    )
  }
  const team = query.data.data
  return (
    <>
      <PageHead
        title={team.name}
        trail={trail}
        actions={
          <>
            {can('teams.update') ? (
              <Button onClick={() => setDialog('rename')}>
                <Pencil aria-hidden />
                Rename
              </Button>
            ) : null}
            {can('teams.delete') ? (
              <Button variant="dangerGhost" onClick={() => setDialog('delete')}>
                <Trash2 aria-hidden />
                Delete team
              </Button>
            ) : null}
          </>
        }
      />
      <Tabs
        label="Team"
        value={tab}
        onChange={(next) => void setTab(next as (typeof TABS)[number])}
        tabs={[
          { value: 'overview', label: 'Overview' },
          { value: 'consumers', label: 'Consumers', count: team.consumerCount },
          { value: 'keys', label: 'Keys' },
          ...(can('users.list') ? [{ value: 'members', label: 'Members', count: team.memberCount }] : []),
        ]}
      >
        <TabPanel value="overview" className="grid gap-4 lg:grid-cols-2">
          <Card title="What belongs to it">
            <ul className="flex flex-col gap-2">
              <Count
                onClick={() => void setTab('consumers')}
                text={formatPlural(team.consumerCount, 'consumer')}
              />
              <Count
                onClick={() => void setTab('keys')}
                text={`${formatPlural(team.keyCount, 'key')} that ${team.keyCount === 1 ? 'works' : 'work'} now`}
              />
              {can('users.list') ? (
                <Count
                  onClick={() => void setTab('members')}
                  text={formatPlural(team.memberCount, 'member')}
                />
              ) : (
                <li>{formatPlural(team.memberCount, 'member')}</li>
              )}
              <li>
                <Link
                  href={`/calls?teamId=${team.id}`}
                  className="text-accent underline-offset-2 hover:underline"
                >
                  Calls of this team
                </Link>
              </li>
            </ul>
          </Card>
          <Card title="Facts">
            <KeyValues
              items={[
                {
                  label: 'Id',
                  value: (
                    <span className="flex items-center gap-1">
                      <span className="font-mono text-xs break-all">{team.id}</span>
                      <CopyButton text={team.id} what="team id" />
                    </span>
                  ),
                },
                { label: 'Created', value: <ExactTime value={team.createdAt} /> },
                { label: 'Changed', value: <ExactTime value={team.updatedAt} /> },
              ]}
            />
          </Card>
        </TabPanel>
        <TabPanel value="consumers">
          <ConsumersTable
            teamId={team.id}
            toolbar={
              can('consumers.create') ? (
                <Button asChild>
                  <Link href={`/consumers?create=true&teamId=${team.id}`}>
                    <Plus aria-hidden />
                    Create consumer
                  </Link>
                </Button>
              ) : null
            }
          />
        </TabPanel>
        <TabPanel value="keys">
          <KeysTable teamId={team.id} />
        </TabPanel>
        <TabPanel value="members">
          <TeamMembers team={team} />
        </TabPanel>
      </Tabs>
      <TeamDialog
        open={dialog === 'rename'}
        onOpenChange={(open) => setDialog(open ? 'rename' : null)}
        team={{ value: team, etag: query.data.etag }}
      />
      <DeleteDialog
        open={dialog === 'delete'}
        onOpenChange={(open) => setDialog(open ? 'delete' : null)}
        noun="team"
        name={team.name}
        path={`/teams/${team.id}`}
        onDeleted={() => router.push('/teams')}
      >
        <p>
          Its members lose this team's roles. Past calls and costs stay in the books.
          {team.consumerCount > 0
            ? ` It still has ${formatPlural(team.consumerCount, 'consumer')}: delete them first, so that nothing stops by surprise.`
            : ''}
        </p>
      </DeleteDialog>
    </>
  )
}

function Count({ text, onClick }: { text: string; onClick: () => void }) {
  return (
    <li>
      <button
        type="button"
        onClick={onClick}
        className="rounded-control text-accent underline-offset-2 hover:underline"
      >
        {text}
      </button>
    </li>
  )
}
