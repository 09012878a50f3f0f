'use client'

import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Dialog } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { SwitchField } from '@/components/ui/switch'
import type { Role } from '@/lib/resources/roles'
import { type User, userInput, userPatch } from '@/lib/resources/users/schema'
import { RolesEditor, type TeamRole } from './roles-editor'

export function CreateUserDialog({
  open,
  onOpenChange,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Add user"
      description="A person who signs in to this console."
    >
      <CreateForm onDone={() => onOpenChange(false)} />
    </Dialog>
  )
}

function CreateForm({ onDone }: { onDone: () => void }) {
  const saved = useSaved()
  const form = useResourceForm(userInput, {
    name: '',
    email: '',
    password: undefined as string | undefined,
    role: null as Role | null,
    teams: [] as TeamRole[],
  })
  const { errors } = form.formState
  const values = form.watch()
  return (
    <ResourceForm
      form={form}
      submitLabel="Add user"
      onCancel={onDone}
      onSubmit={async (input) => {
        const answer = await apiSend<User>('POST', '/users', input)
        onDone()
        saved(answer, `Added ${answer.data.name}`)
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Name" required error={errors.name?.message}>
          <Input {...form.register('name')} autoFocus autoComplete="off" />
        </Field>
        <Field label="Email" required error={errors.email?.message}>
          <Input type="email" {...form.register('email')} autoComplete="off" />
        </Field>
      </div>
      <Field
        label="First password"
        optional
        error={errors.password?.message}
        hint="At least 12 characters; tell it to them on a safe way. Without one they can't sign in with a password."
      >
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register('password', { setValueAs: (value: string | undefined) => value || undefined })}
        />
      </Field>
      <RolesEditor
        role={values.role ?? null}
        onRole={(role) => form.setValue('role', role, { shouldDirty: true })}
        teams={(values.teams ?? []) as TeamRole[]}
        onTeams={(teams) => form.setValue('teams', teams, { shouldDirty: true })}
        errors={{
          role: errors.role?.message,
          teams: errors.teams ? 'choose a team for each role' : undefined,
        }}
      />
    </ResourceForm>
  )
}

/** In the side panel of one user. */
export function EditUserForm({
  user,
  etag,
  onDone,
}: {
  user: User
  etag: string | null
  onDone: () => void
}) {
  const saved = useSaved()
  const form = useResourceForm(userPatch, {
    name: user.name,
    password: undefined as string | undefined,
    role: user.role,
    teams: user.teams.map(({ teamId, role }) => ({ teamId, role })) as TeamRole[],
    disabled: user.disabled,
  })
  const { errors } = form.formState
  const values = form.watch()
  return (
    <ResourceForm
      form={form}
      etag={etag}
      submitLabel="Save user"
      onCancel={onDone}
      onSubmit={async (input, ifMatch) => {
        const answer = await apiSend<User>('PATCH', `/users/${user.id}`, input, { ifMatch })
        onDone()
        saved(answer, `Saved ${answer.data.name}`)
      }}
    >
      <Field label="Name" required error={errors.name?.message}>
        <Input {...form.register('name')} autoComplete="off" />
      </Field>
      <Field
        label="New password"
        optional
        error={errors.password?.message}
        hint="Ends their sessions. At least 12 characters."
      >
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register('password', { setValueAs: (value: string | undefined) => value || undefined })}
        />
      </Field>
      <RolesEditor
        role={values.role ?? null}
        onRole={(role) => form.setValue('role', role, { shouldDirty: true })}
        teams={(values.teams ?? []) as TeamRole[]}
        onTeams={(teams) => form.setValue('teams', teams, { shouldDirty: true })}
        known={user.teams}
        errors={{
          role: errors.role?.message,
          teams: errors.teams ? 'choose a team for each role' : undefined,
        }}
      />
      <Controller
        control={form.control}
        name="disabled"
        render={({ field }) => (
          <SwitchField
            label="May sign in"
            hint="Off: their sessions end now, and signing in is refused. API keys that they own go on working."
            checked={!field.value}
            onCheckedChange={(on) => field.onChange(!on)}
          />
        )}
      />
    </ResourceForm>
  )
}
