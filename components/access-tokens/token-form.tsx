'use client'

import { useState } from 'react'
import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useOptions } from '@/components/data/collection'
import { useMe } from '@/components/data/me'
import { useSaved } from '@/components/data/save'
import { ExpiryField, inDays } from '@/components/resource/expiry-field'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Combobox } from '@/components/ui/combobox'
import { Dialog } from '@/components/ui/dialog'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { RadioCards } from '@/components/ui/radio-cards'
import { Select } from '@/components/ui/select'
import { Segmented } from '@/components/ui/tabs'
import { ROLE_LABELS } from '@/components/users/role-labels'
import { type AccessToken, accessTokenInput } from '@/lib/resources/access-tokens/schema'
import { ROLE_MEANINGS, type Role, role as roleSchema } from '@/lib/resources/roles'
import type { Team } from '@/lib/resources/teams/schema'

export type NewToken = AccessToken & { secret: string }

/** What a scope opens, in the order of the navigation. */
const SCOPED = [
  'teams',
  'consumers',
  'keys',
  'users',
  'providers',
  'routes',
  'prices',
  'calls',
  'usage',
  'gateways',
  'revisions',
  'audit-log',
  'access-tokens',
] as const

export function CreateTokenDialog({
  open,
  onOpenChange,
  onCreated,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  onCreated: (token: NewToken) => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      width="lg"
      title="Create access token"
      description="A secret for the management API: scripts, CI, Terraform. It can't call models."
    >
      <TokenForm
        onCancel={() => onOpenChange(false)}
        onCreated={(token) => {
          onOpenChange(false)
          onCreated(token)
        }}
      />
    </Dialog>
  )
}

function TokenForm({ onCancel, onCreated }: { onCancel: () => void; onCreated: (token: NewToken) => void }) {
  const me = useMe()
  const saved = useSaved()
  const teams = useOptions<Team>('/teams', { sort: 'name' })
  const form = useResourceForm(accessTokenInput, {
    name: '',
    serviceAccount: null as { role: Role; teamId: string | null } | null,
    scopes: ['*'],
    expiresAt: useState(() => inDays(90))[0] as string | null,
  })
  const { errors } = form.formState
  const account = form.watch('serviceAccount') as { role: Role; teamId: string | null } | null
  const setAccount = (next: typeof account) => form.setValue('serviceAccount', next, { shouldDirty: true })
  return (
    <ResourceForm
      form={form}
      submitLabel="Create access token"
      onCancel={onCancel}
      onSubmit={async (input) => {
        // Straight to the API and into this page's own state: a mutation's cache would keep the secret.
        const answer = await apiSend<NewToken>('POST', '/access-tokens', input)
        saved(answer, `Created access token ${answer.data.name}`)
        onCreated(answer.data)
      }}
    >
      <Field label="Name" required error={errors.name?.message} hint="What uses it, such as terraform">
        <Input {...form.register('name')} autoFocus autoComplete="off" />
      </Field>
      <FieldGroup legend="It acts as" error={errors.serviceAccount?.message}>
        <RadioCards
          label="It acts as"
          className="sm:grid-cols-2"
          value={account ? 'service' : 'me'}
          onChange={(value) => setAccount(value === 'me' ? null : { role: 'viewer', teamId: null })}
          options={[
            {
              value: 'me',
              label: `You, ${me.name}`,
              hint: 'With your roles as they are at each call. It ends with your account.',
            },
            {
              value: 'service',
              label: 'A service account',
              hint: 'With a role of its own, and independent of you.',
            },
          ]}
        />
      </FieldGroup>
      {account ? (
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Role" hint={ROLE_MEANINGS[account.role]} error={errors.serviceAccount?.role?.message}>
            <Select
              value={account.role}
              onChange={(event) => setAccount({ ...account, role: event.target.value as Role })}
            >
              {roleSchema.options.map((option) => (
                <option key={option} value={option}>
                  {ROLE_LABELS[option]}
                </option>
              ))}
            </Select>
          </Field>
          <Field label="For" error={errors.serviceAccount?.teamId?.message}>
            <Combobox
              value={account.teamId ?? ''}
              onChange={(next) => setAccount({ ...account, teamId: next === '' ? null : next })}
              placeholder="The whole deployment"
              loading={teams.isPending}
              options={[
                { value: '', label: 'The whole deployment' },
                ...(teams.data ?? []).map((team) => ({ value: team.id, label: `Team ${team.name}` })),
              ]}
            />
          </Field>
        </div>
      ) : null}
      <Controller
        control={form.control}
        name="scopes"
        render={({ field }) => (
          <ScopesField
            value={field.value ?? []}
            onChange={field.onChange}
            error={errors.scopes ? 'choose at least one' : undefined}
          />
        )}
      />
      <Controller
        control={form.control}
        name="expiresAt"
        render={({ field }) => (
          <ExpiryField
            value={field.value ?? null}
            onChange={field.onChange}
            error={errors.expiresAt?.message}
            initial="90"
          />
        )}
      />
    </ResourceForm>
  )
}

type Level = 'none' | 'read' | 'write'

function ScopesField({
  value,
  onChange,
  error,
}: {
  value: readonly string[]
  onChange: (value: string[]) => void
  error: string | undefined
}) {
  const all = value.includes('*')
  const levelOf = (noun: string): Level =>
    value.includes(`${noun}:write`) ? 'write' : value.includes(`${noun}:read`) ? 'read' : 'none'
  const setLevel = (noun: string, level: Level) => {
    const others = value.filter((scope) => !scope.startsWith(`${noun}:`))
    onChange(level === 'none' ? others : [...others, `${noun}:${level}`])
  }
  return (
    <FieldGroup legend="Scopes" hint="They narrow what its role allows, and never widen it." error={error}>
      <div>
        <Segmented
          label="Scopes"
          value={all ? 'all' : 'some'}
          onChange={(choice) => onChange(choice === 'all' ? ['*'] : [])}
          options={[
            { value: 'all', label: 'All that its role allows' },
            { value: 'some', label: 'Only these' },
          ]}
        />
      </div>
      {all ? null : (
        <ul className="grid gap-x-6 sm:grid-cols-2">
          {SCOPED.map((noun) => (
            <li key={noun} className="flex items-center gap-2 border-b py-1 text-sm">
              <span className="flex-1 font-mono text-xs">{noun}</span>
              <Select
                aria-label={`Scope for ${noun}`}
                value={levelOf(noun)}
                onChange={(event) => setLevel(noun, event.target.value as Level)}
                className="w-36"
              >
                <option value="none">Nothing</option>
                <option value="read">Read</option>
                <option value="write">Read and write</option>
              </Select>
            </li>
          ))}
        </ul>
      )}
    </FieldGroup>
  )
}
