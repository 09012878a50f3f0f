'use client'

import { KeyRound, RotateCw, ShieldX } from 'lucide-react'
import { parseAsString, useQueryState } from 'nuqs'
import { type ReactNode, useMemo, useState } from 'react'
import { useOptions } from '@/components/data/collection'
import { useCan, useMe } from '@/components/data/me'
import { DataTable } from '@/components/resource/data-table'
import { RowMenu } from '@/components/resource/row-menu'
import type { Column } from '@/components/resource/table-column'
import { Button } from '@/components/ui/button'
import { DropdownMenuItem } from '@/components/ui/dropdown-menu'
import { EmptyState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import type { Key, KeyWithSecret } from '@/lib/resources/keys/schema'
import type { Team } from '@/lib/resources/teams/schema'
import { KeyPanel } from './key-panel'
import { keySamples } from './key-samples'
import { KEY_STATUS, KeyHint, KeyStatus } from './key-status'
import { RevokeDialog } from './revoke-dialog'
import { RotateDialog } from './rotate-dialog'
import { SecretDialog } from './secret-dialog'

const COLUMNS: readonly Column<Key>[] = [
  {
    id: 'name',
    header: 'Name',
    sort: 'name',
    grow: 3,
    cell: (key) => (
      <>
        {key.name}
        <span className="block truncate text-xs font-normal text-muted sm:hidden" aria-hidden>
          {key.consumerName}
        </span>
      </>
    ),
  },
  { id: 'consumer', header: 'Consumer', from: 'sm', grow: 3, cell: (key) => key.consumerName },
  { id: 'team', header: 'Team', from: 'md', grow: 2, cell: (key) => key.teamName },
  { id: 'hint', header: 'Key', from: 'lg', cell: (key) => <KeyHint prefix={key.prefix} last4={key.last4} /> },
  { id: 'status', header: 'Status', cell: (key) => <KeyStatus status={key.status} /> },
  {
    id: 'used',
    header: 'Last used',
    from: 'sm',
    cell: (key) => <Time value={key.lastUsedAt} empty="never" />,
  },
  {
    id: 'expires',
    header: 'Expires',
    from: 'md',
    cell: (key) => <Time value={key.expiresAt} empty="never" />,
  },
  { id: 'owner', header: 'Owner', from: 'xl', grow: 1, cell: (key) => key.userName ?? '–' },
  {
    id: 'created',
    header: 'Created',
    sort: 'createdAt',
    hidden: true,
    cell: (key) => <Time value={key.createdAt} />,
  },
]
const STATUS_FILTER = {
  id: 'status',
  label: 'Status',
  options: Object.entries(KEY_STATUS).map(([value, { label }]) => ({ value, label })),
}

export interface NewSecret {
  key: KeyWithSecret
  routeName: string | undefined
  rotated: boolean
}

/** All keys, or those of one team. Rotation, revocation and the secret dialog come with it. */
export function KeysTable({ teamId, emptyAction }: { teamId?: string; emptyAction?: ReactNode }) {
  const can = useCan()
  const [open, setOpen] = useQueryState('key', parseAsString.withOptions({ history: 'push' }))
  const teams = useOptions<Team>('/teams', { sort: 'name' }, teamId === undefined)
  const [rotating, setRotating] = useState<Key | null>(null)
  const [revoking, setRevoking] = useState<{ keys: readonly Key[]; done?: () => void }>({ keys: [] })
  const [secret, setSecret] = useState<NewSecret | null>(null)
  const filters = useMemo(
    () => [
      STATUS_FILTER,
      ...(teamId === undefined
        ? [
            {
              id: 'teamId',
              label: 'Team',
              options: (teams.data ?? []).map((team) => ({ value: team.id, label: team.name })),
            },
          ]
        : []),
    ],
    [teamId, teams.data],
  )
  const actions = (key: Key) =>
    key.status === 'revoked' || !(can('keys.rotate') || can('keys.revoke')) ? null : (
      <RowMenu name={key.name}>
        {can('keys.rotate') ? (
          <DropdownMenuItem onSelect={() => setRotating(key)}>
            <RotateCw aria-hidden />
            Rotate
          </DropdownMenuItem>
        ) : null}
        {can('keys.revoke') ? (
          <DropdownMenuItem danger onSelect={() => setRevoking({ keys: [key] })}>
            <ShieldX aria-hidden />
            Revoke
          </DropdownMenuItem>
        ) : null}
      </RowMenu>
    )
  return (
    <>
      <DataTable
        noun="keys"
        path="/keys"
        query={useMemo(() => ({ teamId }), [teamId])}
        columns={teamId ? COLUMNS.filter((column) => column.id !== 'team') : COLUMNS}
        filters={filters}
        rowLabel={(key) => key.name}
        onRowOpen={(key) => void setOpen(key.id)}
        openId={open}
        rowActions={actions}
        rowTone={(key) => (key.status === 'revoked' || key.status === 'expired' ? 'muted' : undefined)}
        {...(can('keys.revoke')
          ? {
              bulkActions: (rows: Key[], clear: () => void) => {
                const alive = rows.filter((key) => key.status !== 'revoked')
                return (
                  <Button
                    size="sm"
                    variant="danger"
                    disabled={alive.length === 0}
                    onClick={() => setRevoking({ keys: alive, done: clear })}
                  >
                    <ShieldX aria-hidden />
                    Revoke {alive.length} {alive.length === 1 ? 'key' : 'keys'}
                  </Button>
                )
              },
            }
          : {})}
        empty={
          <EmptyState
            icon={<KeyRound aria-hidden />}
            title="No keys yet"
            action={emptyAction}
            command={`curl -X POST "$GATEHOUSE_ADMIN_URL/api/v1/keys" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN" \\
  -H "Content-Type: application/json" \\
  -d '{"name": "production", "consumerId": "cons_…"}'`}
          >
            With a key, a consumer calls the gateway: one secret in place of each vendor's, limited, metered,
            and revoked in a moment.
          </EmptyState>
        }
      />
      <KeyPanel
        id={open}
        onClose={() => void setOpen(null)}
        onRotate={setRotating}
        onRevoke={(key) => setRevoking({ keys: [key] })}
      />
      <RotateDialog
        rotated={rotating}
        onClose={() => setRotating(null)}
        onRotated={(key) => {
          setRotating(null)
          setSecret({ key, routeName: undefined, rotated: true })
        }}
      />
      <RevokeDialog
        keys={revoking.keys}
        onClose={() => setRevoking({ keys: [] })}
        onRevoked={() => revoking.done?.()}
      />
      {secret ? <KeySecretDialog secret={secret} onClose={() => setSecret(null)} /> : null}
    </>
  )
}

/** The secret of a new or rotated key. */
export function KeySecretDialog({ secret, onClose }: { secret: NewSecret; onClose: () => void }) {
  const { deployment } = useMe()
  const { key, rotated, routeName } = secret
  return (
    <SecretDialog
      title={rotated ? `The new secret of ${key.name}` : `Key ${key.name} is ready`}
      description={`For ${key.consumerName} of ${key.teamName}.`}
      secret={key.secret}
      samples={keySamples(key.secret, deployment.gatewayUrl, routeName)}
      onClose={onClose}
    >
      {rotated ? (
        <p className="text-sm">
          {key.previousUntil ? (
            <>
              The old secret (…{key.previousLast4}) works on, and ends <Time value={key.previousUntil} />.
            </>
          ) : (
            'The old secret is refused from now on.'
          )}
        </p>
      ) : null}
    </SecretDialog>
  )
}
