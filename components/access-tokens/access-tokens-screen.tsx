'use client'

import { Plus, ShieldX, Ticket } from 'lucide-react'
import { parseAsBoolean, useQueryState } from 'nuqs'
import { useState } from 'react'
import { apiSend } from '@/components/data/api'
import { useCan, useMe } from '@/components/data/me'
import { toastProblem, useSaved } from '@/components/data/save'
import { KeyHint } from '@/components/keys/key-status'
import { SecretDialog } from '@/components/keys/secret-dialog'
import { DataTable } from '@/components/resource/data-table'
import { RowMenu } from '@/components/resource/row-menu'
import type { Column } from '@/components/resource/table-column'
import { Status } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { ConfirmDialog } from '@/components/ui/confirm-dialog'
import { DropdownMenuItem } from '@/components/ui/dropdown-menu'
import { PageHead } from '@/components/ui/page-head'
import { EmptyState } from '@/components/ui/states'
import { Time, useNow } from '@/components/ui/time'
import { ROLE_LABELS } from '@/components/users/role-labels'
import type { AccessToken } from '@/lib/resources/access-tokens/schema'
import { CreateTokenDialog, type NewToken } from './token-form'

const COLUMNS: readonly Column<AccessToken>[] = [
  { id: 'name', header: 'Name', sort: 'name', grow: 3, cell: (token) => token.name },
  {
    id: 'actor',
    header: 'Acts as',
    grow: 3,
    cell: (token) =>
      token.userName ??
      `Service account, ${token.role ? ROLE_LABELS[token.role].toLowerCase() : 'no role'}${token.teamName ? ` of ${token.teamName}` : ''}`,
  },
  {
    id: 'hint',
    header: 'Token',
    from: 'lg',
    cell: (token) => <KeyHint prefix={token.prefix} last4={token.last4} />,
  },
  {
    id: 'scopes',
    header: 'Scopes',
    from: 'md',
    grow: 3,
    cell: (token) => (
      <span className="font-mono text-xs" title={token.scopes.join(', ')}>
        {token.scopes.includes('*') ? 'all' : token.scopes.join(', ')}
      </span>
    ),
  },
  { id: 'status', header: 'Status', from: 'sm', cell: (token) => <TokenStatus token={token} /> },
  {
    id: 'used',
    header: 'Last used',
    from: 'md',
    cell: (token) => <Time value={token.lastUsedAt} empty="never" />,
  },
  {
    id: 'expires',
    header: 'Expires',
    from: 'lg',
    cell: (token) => <Time value={token.expiresAt} empty="never" />,
  },
  {
    id: 'created',
    header: 'Created',
    sort: 'createdAt',
    hidden: true,
    cell: (token) => <Time value={token.createdAt} />,
  },
]

export function AccessTokensScreen() {
  const can = useCan()
  const me = useMe()
  const saved = useSaved()
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  const [secret, setSecret] = useState<NewToken | null>(null)
  const [revoking, setRevoking] = useState<AccessToken | null>(null)
  const create = can('accessTokens.create') ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
      <Plus aria-hidden />
      Create access token
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Access tokens"
        description="Secrets for the management API, of a person or of a service account."
        actions={create}
      />
      <DataTable
        noun="access tokens"
        path="/access-tokens"
        columns={COLUMNS}
        rowLabel={(token) => token.name}
        rowTone={(token) => (token.revokedAt ? 'muted' : undefined)}
        rowActions={(token) =>
          token.revokedAt || !can('accessTokens.revoke') ? null : (
            <RowMenu name={token.name}>
              <DropdownMenuItem danger onSelect={() => setRevoking(token)}>
                <ShieldX aria-hidden />
                Revoke
              </DropdownMenuItem>
            </RowMenu>
          )
        }
        empty={
          <EmptyState
            icon={<Ticket aria-hidden />}
            title="No access tokens yet"
            action={create}
            command={`curl "${me.deployment.adminUrl}/api/v1/me" \\
  -H "Authorization: Bearer $GATEHOUSE_TOKEN"`}
            commandTitle="With one"
          >
            All that this console does, a script can do too: by the API under /api/v1, with an access token.
          </EmptyState>
        }
      />
      <CreateTokenDialog
        open={creating && can('accessTokens.create')}
        onOpenChange={(open) => void setCreating(open || null)}
        onCreated={setSecret}
      />
      {secret ? (
        <SecretDialog
          title={`Access token ${secret.name} is ready`}
          description="For the management API."
          secret={secret.secret}
          onClose={() => setSecret(null)}
          samples={[
            {
              title: '.env',
              code: `GATEHOUSE_ADMIN_URL=${me.deployment.adminUrl}\nGATEHOUSE_TOKEN=${secret.secret}`,
            },
            {
              title: 'curl',
              code: `curl ${me.deployment.adminUrl}/api/v1/me \\\n  -H 'Authorization: Bearer ${secret.secret}'`,
            },
          ]}
        />
      ) : null}
      <ConfirmDialog
        open={revoking !== null}
        onOpenChange={() => setRevoking(null)}
        title={`Revoke ${revoking?.name}?`}
        confirmLabel="Revoke access token"
        onConfirm={async () => {
          if (!revoking) return
          try {
            saved(await apiSend('POST', `/access-tokens/${revoking.id}/revoke`), `Revoked ${revoking.name}`)
          } catch (error) {
            toastProblem(error, `${revoking.name} still works`)
            throw error
          }
        }}
      >
        <p>The very next request with it is refused. This can't be undone: what uses it needs a new one.</p>
        <p>
          It was last used <Time value={revoking?.lastUsedAt} empty="never" />.
        </p>
      </ConfirmDialog>
    </>
  )
}

function TokenStatus({ token }: { token: AccessToken }) {
  const now = useNow(10_000)
  if (token.revokedAt) return <Status tone="danger">Revoked</Status>
  if (token.expiresAt && Date.parse(token.expiresAt) <= now) return <Status tone="neutral">Expired</Status>
  return <Status tone="ok">Active</Status>
}
