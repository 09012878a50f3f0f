'use client'

import { KeyRound, Pencil, Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { useOptions, useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { KeyStatus } from '@/components/keys/key-status'
import { AppliedPolicies } from '@/components/policies/applied-policies'
import { DeleteDialog } from '@/components/resource/delete-dialog'
import { resourceState } from '@/components/resource/resource-states'
import { Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { CopyButton } from '@/components/ui/copy-button'
import { KeyValues } from '@/components/ui/key-values'
import { SidePanel } from '@/components/ui/side-panel'
import { ExactTime } from '@/components/ui/time'
import { formatPlural } from '@/lib/format/tokens'
import type { Consumer } from '@/lib/resources/consumers/schema'
import type { Key } from '@/lib/resources/keys/schema'
import { EditConsumerForm } from './consumer-form'

export function ConsumerPanel({ id, onClose }: { id: string | null; onClose: () => void }) {
  const query = useResource<Consumer>('/consumers', id)
  return (
    <SidePanel
      open={id !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      width="lg"
      title={query.data?.data.name ?? 'Consumer'}
      description={query.data ? `Consumer of ${query.data.data.teamName}` : undefined}
    >
      {resourceState(query, 'consumer', '/consumers')}
      {query.data ? <Body consumer={query.data.data} etag={query.data.etag} onClose={onClose} /> : null}
    </SidePanel>
  )
}

function Body({ consumer, etag, onClose }: { consumer: Consumer; etag: string | null; onClose: () => void }) {
  const can = useCan()
  const [mode, setMode] = useState<'view' | 'edit' | 'delete'>('view')
  const keys = useOptions<Key>('/keys', { consumerId: consumer.id }, can('keys.list'))
  if (mode === 'edit')
    return <EditConsumerForm consumer={consumer} etag={etag} onDone={() => setMode('view')} />
  return (
    <div className="flex flex-col gap-6">
      <KeyValues
        items={[
          {
            label: 'Status',
            value: consumer.enabled ? (
              <Status tone="ok">On</Status>
            ) : (
              <Status tone="neutral">Off: all its keys are refused</Status>
            ),
          },
          {
            label: 'Team',
            value: (
              <Link href={`/teams/${consumer.teamId}`} className="text-accent hover:underline">
                {consumer.teamName}
              </Link>
            ),
          },
          { label: 'Description', value: consumer.description, hidden: !consumer.description },
          {
            label: 'Id',
            value: (
              <span className="flex items-center gap-1">
                <span className="font-mono text-xs break-all">{consumer.id}</span>
                <CopyButton text={consumer.id} what="consumer id" />
              </span>
            ),
          },
          { label: 'Created', value: <ExactTime value={consumer.createdAt} /> },
          { label: 'Changed', value: <ExactTime value={consumer.updatedAt} /> },
          {
            label: 'Traffic',
            value: (
              <Link href={`/calls?consumerId=${consumer.id}`} className="text-accent hover:underline">
                Calls of this consumer
              </Link>
            ),
          },
        ]}
      />
      <div className="flex flex-wrap gap-2">
        {can('consumers.update') ? (
          <Button onClick={() => setMode('edit')}>
            <Pencil aria-hidden />
            Edit
          </Button>
        ) : null}
        {can('keys.create') ? (
          <Button asChild>
            <Link href={`/keys?create=true&consumerId=${consumer.id}`}>
              <KeyRound aria-hidden />
              Create key
            </Link>
          </Button>
        ) : null}
        {can('consumers.delete') ? (
          <Button variant="dangerGhost" onClick={() => setMode('delete')}>
            <Trash2 aria-hidden />
            Delete consumer
          </Button>
        ) : null}
      </div>
      {keys.data ? (
        <section>
          <h3 className="mb-2 text-sm font-semibold">Keys</h3>
          {keys.data.length === 0 ? (
            <p className="text-sm text-muted">It has no key, so it can't make a call.</p>
          ) : null}
          <ul className="divide-y rounded-card border empty:hidden">
            {keys.data.map((key) => (
              <li key={key.id} className="flex items-center gap-3 px-3 py-2 text-sm">
                <Link
                  href={`/keys?key=${key.id}`}
                  className="min-w-0 flex-1 truncate font-medium hover:underline"
                >
                  {key.name}
                </Link>
                <span className="font-mono text-xs text-muted">
                  {key.prefix}…{key.last4}
                </span>
                <KeyStatus status={key.status} />
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {can('consumers.policies') ? <AppliedPolicies path={`/consumers/${consumer.id}`} /> : null}
      <DeleteDialog
        open={mode === 'delete'}
        onOpenChange={(open) => setMode(open ? 'delete' : 'view')}
        noun="consumer"
        name={consumer.name}
        path={`/consumers/${consumer.id}`}
        onDeleted={onClose}
      >
        <p>
          {consumer.keyCount > 0
            ? `${formatPlural(consumer.keyCount, 'key')} that ${consumer.keyCount === 1 ? 'works' : 'work'} now will be refused by the next call. `
            : ''}
          Past calls and costs stay in the books. To pause it instead, turn it off under Edit.
        </p>
      </DeleteDialog>
    </div>
  )
}
