'use client'

import { Pencil, RotateCw, ShieldX } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useOptions, useResource } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { useSaved } from '@/components/data/save'
import { AppliedPolicies } from '@/components/policies/applied-policies'
import { ExpiryField } from '@/components/resource/expiry-field'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { resourceState } from '@/components/resource/resource-states'
import { Button } from '@/components/ui/button'
import { Callout } from '@/components/ui/callout'
import { CopyButton } from '@/components/ui/copy-button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { KeyValues } from '@/components/ui/key-values'
import { SidePanel } from '@/components/ui/side-panel'
import { Countdown, ExactTime, Time, useNow } from '@/components/ui/time'
import { useTimeZone } from '@/components/ui/time-zone'
import { formatExact } from '@/lib/format/time'
import { type Key, keyPatch } from '@/lib/resources/keys/schema'
import type { Route } from '@/lib/resources/routes/schema'
import { RoutesField } from './create-key-dialog'
import { KeyAbilities } from './key-abilities'
import { KEY_STATUS, KeyHint, KeyStatus } from './key-status'

interface Actions {
  onRotate: (key: Key) => void
  onRevoke: (key: Key) => void
}

export function KeyPanel({ id, onClose, ...actions }: Actions & { id: string | null; onClose: () => void }) {
  const query = useResource<Key>('/keys', id)
  return (
    <SidePanel
      open={id !== null}
      onOpenChange={(open) => {
        if (!open) onClose()
      }}
      width="lg"
      title={query.data?.data.name ?? 'Key'}
      description={
        query.data ? `Key of ${query.data.data.consumerName}, ${query.data.data.teamName}` : undefined
      }
    >
      {resourceState(query, 'key', '/keys')}
      {query.data ? <Body apiKey={query.data.data} etag={query.data.etag} {...actions} /> : null}
    </SidePanel>
  )
}

function Body({ apiKey: key, etag, onRotate, onRevoke }: Actions & { apiKey: Key; etag: string | null }) {
  const can = useCan()
  const { timeZone } = useTimeZone()
  const [editing, setEditing] = useState(false)
  const routes = useOptions<Route>('/routes', { sort: 'name' }, can('routes.list'))
  const names = new Map((routes.data ?? []).map((route) => [route.id, route.name]))
  const alive = key.status !== 'revoked'
  if (editing)
    return <EditKeyForm apiKey={key} etag={etag} routes={routes.data} onDone={() => setEditing(false)} />
  return (
    <div className="flex flex-col gap-5">
      <PreviousSecret apiKey={key} />
      <KeyValues
        items={[
          {
            label: 'Status',
            value: (
              <>
                <KeyStatus status={key.status} />{' '}
                <span className="text-sm text-muted">{KEY_STATUS[key.status].meaning}</span>
              </>
            ),
          },
          { label: 'Key', value: <KeyHint prefix={key.prefix} last4={key.last4} /> },
          {
            label: 'Consumer',
            value: (
              <Link href={`/consumers?consumer=${key.consumerId}`} className="text-accent hover:underline">
                {key.consumerName}
              </Link>
            ),
          },
          {
            label: 'Team',
            value: (
              <Link href={`/teams/${key.teamId}`} className="text-accent hover:underline">
                {key.teamName}
              </Link>
            ),
          },
          { label: 'Owner', value: key.userName ?? 'Nobody in particular' },
          { label: 'Last used', value: <Time value={key.lastUsedAt} empty="never" /> },
          { label: 'Expires', value: <ExactTime value={key.expiresAt} empty="never" /> },
          { label: 'Revoked', value: <ExactTime value={key.revokedAt} />, hidden: !key.revokedAt },
          { label: 'Rotated', value: <ExactTime value={key.rotatedAt} />, hidden: !key.rotatedAt },
          { label: 'Created', value: <ExactTime value={key.createdAt} /> },
          {
            label: 'Id',
            value: (
              <span className="flex items-center gap-1">
                <span className="font-mono text-xs break-all">{key.id}</span>
                <CopyButton text={key.id} what="key id" />
              </span>
            ),
          },
          {
            label: 'Traffic',
            value: (
              <Link href={`/calls?keyId=${key.id}`} className="text-accent hover:underline">
                Calls with this key
              </Link>
            ),
          },
        ]}
      />
      {alive ? (
        <div className="flex flex-wrap gap-2">
          {can('keys.update') ? (
            <Button onClick={() => setEditing(true)}>
              <Pencil aria-hidden />
              Edit
            </Button>
          ) : null}
          {can('keys.rotate') ? (
            <Button onClick={() => onRotate(key)}>
              <RotateCw aria-hidden />
              Rotate
            </Button>
          ) : null}
          {can('keys.revoke') ? (
            <Button variant="dangerGhost" onClick={() => onRevoke(key)}>
              <ShieldX aria-hidden />
              Revoke
            </Button>
          ) : null}
        </div>
      ) : null}
      {alive && can('keys.policies') ? <AppliedPolicies path={`/keys/${key.id}`} /> : null}
      {alive ? (
        <KeyAbilities
          consumerName={key.consumerName}
          teamName={key.teamName}
          routes={key.allowedRoutes?.map((id) => names.get(id) ?? id) ?? null}
          expires={key.expiresAt ? formatExact(key.expiresAt, timeZone) : null}
        />
      ) : null}
    </div>
  )
}

/** While the secret before the last rotation still works: how long. */
function PreviousSecret({ apiKey: key }: { apiKey: Key }) {
  const now = useNow(1000)
  if (!key.previousUntil || key.status === 'revoked' || Date.parse(key.previousUntil) <= now) return null
  return (
    <Callout tone="warn" title="Two secrets work">
      The one before the last rotation (…{key.previousLast4}) ends in <Countdown until={key.previousUntil} />.
      If it has leaked, rotate once more with "At once".
    </Callout>
  )
}

function EditKeyForm({
  apiKey: key,
  etag,
  routes,
  onDone,
}: {
  apiKey: Key
  etag: string | null
  routes: readonly Route[] | undefined
  onDone: () => void
}) {
  const saved = useSaved()
  const form = useResourceForm(keyPatch, {
    name: key.name,
    expiresAt: key.expiresAt,
    allowedRoutes: key.allowedRoutes,
  })
  const { errors } = form.formState
  return (
    <ResourceForm
      form={form}
      submitLabel="Save key"
      onCancel={onDone}
      etag={etag}
      onSubmit={async (values, ifMatch) => {
        const answer = await apiSend<Key>('PATCH', `/keys/${key.id}`, values, { ifMatch })
        onDone()
        saved(answer, `Saved key ${answer.data.name}`)
      }}
    >
      <Field label="Name" required error={errors.name?.message}>
        <Input {...form.register('name')} autoComplete="off" />
      </Field>
      <Controller
        control={form.control}
        name="expiresAt"
        render={({ field }) => (
          <ExpiryField
            value={field.value ?? null}
            onChange={field.onChange}
            error={errors.expiresAt?.message}
            initial={key.expiresAt ? 'date' : 'never'}
          />
        )}
      />
      <Controller
        control={form.control}
        name="allowedRoutes"
        render={({ field }) => (
          <RoutesField
            value={field.value ?? null}
            onChange={field.onChange}
            routes={routes}
            error={errors.allowedRoutes?.message}
          />
        )}
      />
    </ResourceForm>
  )
}
