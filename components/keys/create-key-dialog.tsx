'use client'

import Link from 'next/link'
import { useDeferredValue, useState } from 'react'
import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useOptions } from '@/components/data/collection'
import { useCan } from '@/components/data/me'
import { useSaved } from '@/components/data/save'
import { ExpiryField, inDays } from '@/components/resource/expiry-field'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Combobox, MultiCombobox } from '@/components/ui/combobox'
import { Dialog } from '@/components/ui/dialog'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Segmented } from '@/components/ui/tabs'
import { useTimeZone } from '@/components/ui/time-zone'
import { formatExact } from '@/lib/format/time'
import type { Consumer } from '@/lib/resources/consumers/schema'
import { type KeyWithSecret, keyInput } from '@/lib/resources/keys/schema'
import type { Route } from '@/lib/resources/routes/schema'
import type { User } from '@/lib/resources/users/schema'
import { KeyAbilities } from './key-abilities'

interface Created {
  key: KeyWithSecret
  routeName: string | undefined
}

export function CreateKeyDialog({
  open,
  onOpenChange,
  consumerId,
  onCreated,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  consumerId: string | null
  /** Takes the secret: it is nowhere else. */
  onCreated: (created: Created) => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      width="lg"
      title="Create key"
      description="A secret with which one consumer calls the gateway."
    >
      <CreateKeyForm
        consumerId={consumerId}
        onCancel={() => onOpenChange(false)}
        onCreated={(created) => {
          onOpenChange(false)
          onCreated(created)
        }}
      />
    </Dialog>
  )
}

function CreateKeyForm({
  consumerId,
  onCancel,
  onCreated,
}: {
  consumerId: string | null
  onCancel: () => void
  onCreated: (created: Created) => void
}) {
  const can = useCan()
  const saved = useSaved()
  const { timeZone } = useTimeZone()
  const [search, setSearch] = useState('')
  const q = useDeferredValue(search.trim())
  const consumers = useOptions<Consumer>('/consumers', { sort: 'name', q })
  const routes = useOptions<Route>('/routes', { sort: 'name' }, can('routes.list'))
  const users = useOptions<User>('/users', { sort: 'name' }, can('users.list'))
  const form = useResourceForm(keyInput, {
    name: '',
    consumerId: consumerId ?? '',
    userId: null as string | null,
    // Of the moment that the dialog opened, so that the words beside it don't move.
    expiresAt: useState(() => inDays(90))[0] as string | null,
    allowedRoutes: null as string[] | null,
    allowedToolsets: null,
  })
  const { errors } = form.formState
  const values = form.watch()
  const known = useKnownConsumer(consumers.data, values.consumerId)
  const names = new Map((routes.data ?? []).map((route) => [route.id, route.name]))
  return (
    <ResourceForm
      form={form}
      submitLabel="Create key"
      onCancel={onCancel}
      onSubmit={async (input) => {
        // Straight to the API and into this page's own state: a mutation's cache would keep the secret.
        const answer = await apiSend<KeyWithSecret>('POST', '/keys', input)
        saved(answer, `Created key ${answer.data.name}`)
        const first = input.allowedRoutes?.[0]
        onCreated({ key: answer.data, routeName: first ? names.get(first) : routes.data?.[0]?.name })
      }}
    >
      <div className="grid gap-6 lg:grid-cols-[1fr_18rem]">
        <div className="flex min-w-0 flex-col gap-4">
          <Field
            label="Name"
            required
            error={errors.name?.message}
            hint="What uses it, such as production or ana's laptop"
          >
            <Input {...form.register('name')} autoFocus autoComplete="off" />
          </Field>
          <Controller
            control={form.control}
            name="consumerId"
            render={({ field }) => (
              <Field
                label="Consumer"
                required
                error={errors.consumerId ? 'choose a consumer' : undefined}
                hint={
                  consumers.data?.length === 0 && !q ? (
                    <>
                      There is no consumer yet.{' '}
                      <Link href="/consumers?create=true" className="text-accent underline">
                        Create one first
                      </Link>
                      .
                    </>
                  ) : undefined
                }
              >
                <Combobox
                  value={field.value || null}
                  onChange={field.onChange}
                  selectedLabel={known?.name}
                  placeholder="Choose a consumer"
                  loading={consumers.isPending}
                  onSearch={setSearch}
                  options={(consumers.data ?? []).map((consumer) => ({
                    value: consumer.id,
                    label: consumer.name,
                    detail: consumer.teamName,
                  }))}
                />
              </Field>
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
          <Controller
            control={form.control}
            name="allowedRoutes"
            render={({ field }) => (
              <RoutesField
                value={field.value ?? null}
                onChange={field.onChange}
                routes={routes.data}
                error={errors.allowedRoutes?.message}
              />
            )}
          />
          {can('users.list') ? (
            <Controller
              control={form.control}
              name="userId"
              render={({ field }) => (
                <Field
                  label="Owner"
                  optional
                  error={errors.userId?.message}
                  hint="The person it was issued to. Developers see and rotate their own."
                >
                  <Combobox
                    value={field.value ?? ''}
                    onChange={(next) => field.onChange(next === '' ? null : next)}
                    placeholder="Nobody in particular"
                    loading={users.isPending}
                    options={[
                      { value: '', label: 'Nobody in particular' },
                      ...(users.data ?? []).map((user) => ({
                        value: user.id,
                        label: user.name,
                        detail: user.email,
                      })),
                    ]}
                  />
                </Field>
              )}
            />
          ) : null}
        </div>
        <KeyAbilities
          consumerName={known?.name}
          teamName={known?.teamName}
          routes={values.allowedRoutes?.map((id) => names.get(id) ?? id) ?? null}
          expires={values.expiresAt ? formatExact(values.expiresAt, timeZone) : null}
        />
      </div>
    </ResourceForm>
  )
}

/** Searching replaces the options; who was chosen stays known. */
function useKnownConsumer(options: readonly Consumer[] | undefined, id: string): Consumer | undefined {
  const [known, setKnown] = useState<Consumer>()
  const found = options?.find((consumer) => consumer.id === id)
  if (found && found !== known) setKnown(found)
  return found ?? (known?.id === id ? known : undefined)
}

export function RoutesField({
  value,
  onChange,
  routes,
  error,
}: {
  value: readonly string[] | null
  onChange: (value: string[] | null) => void
  routes: readonly Route[] | undefined
  error?: string | undefined
}) {
  return (
    <FieldGroup legend="Routes">
      <div>
        <Segmented
          label="Routes"
          value={value === null ? 'all' : 'some'}
          onChange={(choice) => onChange(choice === 'all' ? null : [])}
          options={[
            { value: 'all', label: 'All routes of its team' },
            { value: 'some', label: 'Only these' },
          ]}
        />
      </div>
      {value === null ? null : (
        <Field label="Allowed routes" error={error} className="w-full">
          <MultiCombobox
            values={value}
            onChange={onChange}
            placeholder="Choose routes"
            options={(routes ?? []).map((route) => ({ value: route.id, label: route.name }))}
            emptyText="No such route."
          />
        </Field>
      )}
    </FieldGroup>
  )
}
