'use client'

import Link from 'next/link'
import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useOptions } from '@/components/data/collection'
import { useSaved } from '@/components/data/save'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Combobox } from '@/components/ui/combobox'
import { Dialog } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input, Textarea } from '@/components/ui/input'
import { SwitchField } from '@/components/ui/switch'
import { type Consumer, consumerInput, consumerPatch } from '@/lib/resources/consumers/schema'
import type { Team } from '@/lib/resources/teams/schema'

export function CreateConsumerDialog({
  open,
  onOpenChange,
  teamId,
  onCreated,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  teamId: string | null
  onCreated: (consumer: Consumer) => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title="Create consumer"
      description="An application or agent that calls the gateway."
    >
      <CreateForm teamId={teamId} onDone={() => onOpenChange(false)} onCreated={onCreated} />
    </Dialog>
  )
}

function CreateForm({
  teamId,
  onDone,
  onCreated,
}: {
  teamId: string | null
  onDone: () => void
  onCreated: (consumer: Consumer) => void
}) {
  const saved = useSaved()
  const teams = useOptions<Team>('/teams', { sort: 'name' })
  const only = teams.data?.length === 1 ? teams.data[0] : undefined
  const form = useResourceForm(consumerInput, {
    name: '',
    teamId: teamId ?? '',
    description: null as string | null,
    enabled: true,
  })
  const { errors } = form.formState
  return (
    <ResourceForm
      form={form}
      submitLabel="Create consumer"
      onCancel={onDone}
      onSubmit={async (values) => {
        const answer = await apiSend<Consumer>('POST', '/consumers', values)
        onDone()
        saved(answer, `Created consumer ${answer.data.name}`)
        onCreated(answer.data)
      }}
    >
      <Field
        label="Name"
        required
        error={errors.name?.message}
        hint="Unique in its team, such as support-bot"
      >
        <Input {...form.register('name')} autoFocus autoComplete="off" />
      </Field>
      <Controller
        control={form.control}
        name="teamId"
        render={({ field }) => {
          if (only && field.value === '') field.onChange(only.id)
          return (
            <Field
              label="Team"
              required
              error={errors.teamId ? 'choose a team' : undefined}
              hint={
                teams.data?.length === 0 ? (
                  <>
                    There is no team yet.{' '}
                    <Link href="/teams?create=true" className="text-accent underline">
                      Create one first
                    </Link>
                    .
                  </>
                ) : (
                  "It pays. This can't be changed later: past costs stand in that team's books."
                )
              }
            >
              <Combobox
                value={field.value || null}
                onChange={field.onChange}
                placeholder="Choose a team"
                loading={teams.isPending}
                options={(teams.data ?? []).map((team) => ({ value: team.id, label: team.name }))}
                emptyText="No such team. Create it under Teams first."
              />
            </Field>
          )
        }}
      />
      <Field label="Description" optional error={errors.description?.message}>
        <Textarea {...form.register('description', { setValueAs: emptyToNull })} rows={2} />
      </Field>
    </ResourceForm>
  )
}

/** In the side panel of one consumer. */
export function EditConsumerForm({
  consumer,
  etag,
  onDone,
}: {
  consumer: Consumer
  etag: string | null
  onDone: () => void
}) {
  const saved = useSaved()
  const form = useResourceForm(consumerPatch, {
    name: consumer.name,
    description: consumer.description,
    enabled: consumer.enabled,
  })
  const { errors } = form.formState
  return (
    <ResourceForm
      form={form}
      submitLabel="Save consumer"
      onCancel={onDone}
      etag={etag}
      onSubmit={async (values, ifMatch) => {
        const answer = await apiSend<Consumer>('PATCH', `/consumers/${consumer.id}`, values, {
          ifMatch,
        })
        onDone()
        saved(answer, `Saved consumer ${answer.data.name}`)
      }}
    >
      <Field label="Name" required error={errors.name?.message}>
        <Input {...form.register('name')} autoComplete="off" />
      </Field>
      <Field label="Description" optional error={errors.description?.message}>
        <Textarea {...form.register('description', { setValueAs: emptyToNull })} rows={2} />
      </Field>
      <Controller
        control={form.control}
        name="enabled"
        render={({ field }) => (
          <SwitchField
            label="On"
            hint="Off: the very next call of each of its keys is refused. Nothing is deleted."
            checked={field.value ?? true}
            onCheckedChange={field.onChange}
          />
        )}
      />
    </ResourceForm>
  )
}

function emptyToNull(value: string | null): string | null {
  return value === null || value.trim() === '' ? null : value
}
