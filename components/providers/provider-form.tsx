'use client'

import { Boxes, FlaskConical, Server } from 'lucide-react'
import { useState } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useMe } from '@/components/data/me'
import { useSaved } from '@/components/data/save'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { CheckboxField } from '@/components/ui/checkbox'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { RadioCards } from '@/components/ui/radio-cards'
import { Time } from '@/components/ui/time'
import type { ProviderLimit } from '@/lib/contract/entities'
import {
  type Provider,
  type ProviderTest,
  providerInput,
  providerPatch,
} from '@/lib/resources/providers/schema'
import { ConnectionTest } from './connection-test'
import { type AvailableKind, KINDS } from './provider-kinds'
import { VendorLimitFields } from './vendor-limit-fields'

const ICONS: Record<AvailableKind, typeof Boxes> = {
  openai: Boxes,
  'openai-compatible': Server,
  sandbox: FlaskConical,
}

export interface ProviderValues {
  name: string
  kind: AvailableKind
  baseUrl: string | null
  credentials?: { apiKey?: string | undefined } | undefined
  options: {
    organization?: string | undefined
    project?: string | undefined
    latencyMs?: number | undefined
    tokensPerSecond?: number | undefined
    failureRate?: number | undefined
  }
  limits: ProviderLimit[]
  allowPrivateNetwork: boolean
}
type Form = UseFormReturn<ProviderValues, unknown, unknown>

export function CreateProviderForm({
  onSaved,
  onCancel,
}: {
  onSaved: (provider: Provider) => void
  onCancel: () => void
}) {
  const saved = useSaved()
  const form = useResourceForm(providerInput, {
    name: '',
    kind: 'openai',
    baseUrl: null,
    credentials: {},
    options: {},
    limits: [],
    allowPrivateNetwork: false,
  } as ProviderValues)
  return (
    <ResourceForm
      form={form}
      submitLabel="Add provider"
      onCancel={onCancel}
      onSubmit={async (input) => {
        const answer = await apiSend<Provider>('POST', '/providers', input)
        saved(answer, `Added provider ${answer.data.name}`)
        onSaved(answer.data)
      }}
    >
      <Fields form={form as unknown as Form} provider={null} />
      <Card
        title="Test connection"
        description="A gateway makes the call, on the way that production takes. Nothing is saved."
      >
        <ConnectionTest
          run={async () => {
            // What is missing shows at its field; a test of half an input would only say the same.
            if (!(await form.trigger())) return null
            const input = providerInput.parse(form.getValues())
            return (await apiSend<ProviderTest>('POST', '/providers/test', input)).data
          }}
        />
      </Card>
    </ResourceForm>
  )
}

export function EditProviderForm({ provider, etag }: { provider: Provider; etag: string | null }) {
  const saved = useSaved()
  const form = useResourceForm(providerPatch, valuesOf(provider))
  return (
    <ResourceForm
      form={form}
      etag={etag}
      valuesOf={(current) => valuesOf(current as unknown as Provider)}
      submitLabel="Save provider"
      onSubmit={async (input, ifMatch) => {
        const { credentials, ...rest } = input
        // An empty field keeps the stored key; `{}` would clear it.
        const body = credentials?.apiKey ? { ...rest, credentials } : rest
        const answer = await apiSend<Provider>('PATCH', `/providers/${provider.id}`, body, { ifMatch })
        saved(answer, `Saved provider ${answer.data.name}`)
        form.reset(valuesOf(answer.data))
        return answer.etag
      }}
    >
      <Fields form={form as unknown as Form} provider={provider} />
      <Card title="Test connection" description="Tests what is saved, on the way that production takes.">
        <ConnectionTest
          run={async () => (await apiSend<ProviderTest>('POST', `/providers/${provider.id}/test`, {})).data}
        />
      </Card>
    </ResourceForm>
  )
}

function valuesOf(provider: Provider): ProviderValues {
  return {
    name: provider.name,
    kind: provider.kind as AvailableKind,
    baseUrl: provider.baseUrl,
    // Absent keeps what is stored.
    credentials: undefined,
    options: provider.options as ProviderValues['options'],
    limits: [...provider.limits],
    allowPrivateNetwork: provider.allowPrivateNetwork,
  }
}

function Fields({ form, provider }: { form: Form; provider: Provider | null }) {
  const me = useMe()
  const { errors } = form.formState
  const kind = form.watch('kind')
  const words = KINDS[kind] ?? KINDS['openai-compatible']
  const mayOpenNetwork = me.role === 'owner' || me.role === 'admin'
  return (
    <>
      {provider ? null : (
        <Controller
          control={form.control}
          name="kind"
          render={({ field }) => (
            <RadioCards
              label="Kind"
              className="sm:grid-cols-3"
              value={field.value}
              onChange={(next) => {
                field.onChange(next)
                if (form.getValues('name') === '' || form.getValues('name') in KINDS)
                  form.setValue('name', next)
                form.clearErrors()
              }}
              options={Object.entries(KINDS).map(([value, { label, hint }]) => {
                const Icon = ICONS[value as AvailableKind]
                return { value, label, hint, icon: <Icon className="size-4 text-muted" aria-hidden /> }
              })}
            />
          )}
        />
      )}
      <Card>
        <div className="flex flex-col gap-4">
          <Field
            label="Name"
            required
            error={errors.name?.message}
            hint="How you tell accounts apart, such as openai-eu"
          >
            <Input {...form.register('name')} autoComplete="off" />
          </Field>
          {kind === 'sandbox' ? (
            <SandboxFields form={form} />
          ) : (
            <>
              <Field
                label="Base URL"
                required={kind === 'openai-compatible'}
                optional={kind === 'openai'}
                error={errors.baseUrl?.message}
                hint={words.baseUrlHint}
              >
                <Input
                  type="url"
                  inputMode="url"
                  placeholder={words.baseUrl}
                  className="font-mono text-sm"
                  autoComplete="off"
                  spellCheck={false}
                  {...form.register('baseUrl', { setValueAs: emptyToNull })}
                />
              </Field>
              <ApiKeyField key={provider?.credentialsSetAt} form={form} provider={provider} />
              {kind === 'openai' ? (
                <div className="grid gap-4 sm:grid-cols-2">
                  <Field label="Organization" optional error={errors.options?.organization?.message}>
                    <Input
                      className="font-mono text-sm"
                      placeholder="org-…"
                      {...form.register('options.organization', { setValueAs: emptyToAbsent })}
                    />
                  </Field>
                  <Field label="Project" optional error={errors.options?.project?.message}>
                    <Input
                      className="font-mono text-sm"
                      placeholder="proj_…"
                      {...form.register('options.project', { setValueAs: emptyToAbsent })}
                    />
                  </Field>
                </div>
              ) : null}
              {mayOpenNetwork ? (
                <Controller
                  control={form.control}
                  name="allowPrivateNetwork"
                  render={({ field }) => (
                    <CheckboxField
                      label="Allow addresses of private networks"
                      hint="For a server of your own, such as 10.0.0.5 or 127.0.0.1. Link-local and metadata addresses stay refused."
                      checked={field.value ?? false}
                      onCheckedChange={(on) => field.onChange(on === true)}
                    />
                  )}
                />
              ) : null}
            </>
          )}
        </div>
      </Card>
      <Card
        title="What the vendor allows"
        description="Kept before it has to refuse: a call without room goes to the route's next target, or waits up to 2 s."
      >
        <VendorLimitFields form={form} />
      </Card>
    </>
  )
}

/** Write-only: what is set shows as its last four; a new value replaces it, and an empty field keeps it. */
function ApiKeyField({ form, provider }: { form: Form; provider: Provider | null }) {
  const stored = provider?.credentials.apiKey ?? []
  const [replacing, setReplacing] = useState(stored.length === 0)
  const error = form.formState.errors.credentials
  const message = error?.message ?? error?.apiKey?.message
  if (!replacing && !message) {
    return (
      <Field
        label="API key"
        hint={
          provider?.credentialsSetAt ? (
            <>
              Set <Time value={provider.credentialsSetAt} />. It can't be read again.
            </>
          ) : undefined
        }
      >
        <div className="flex items-center gap-2">
          <Input
            readOnly
            className="font-mono text-sm"
            value={stored.map(({ last4 }) => `••••${last4}`).join(', ')}
          />
          <Button onClick={() => setReplacing(true)}>Replace</Button>
        </div>
      </Field>
    )
  }
  return (
    <Field
      label={stored.length > 0 ? 'New API key' : 'API key'}
      optional={form.watch('kind') === 'openai-compatible' && stored.length === 0}
      error={message}
      hint={
        stored.length > 0
          ? 'It replaces the stored one with the next revision; calls in flight finish with the old one.'
          : 'Encrypted, and never shown again.'
      }
    >
      <Input
        type="password"
        className="font-mono text-sm"
        autoComplete="off"
        spellCheck={false}
        {...form.register('credentials.apiKey', { setValueAs: emptyToAbsent })}
      />
    </Field>
  )
}

function SandboxFields({ form }: { form: Form }) {
  const errors = form.formState.errors.options
  return (
    <div className="grid gap-4 sm:grid-cols-3">
      <Field label="First token after, ms" optional error={errors?.latencyMs?.message}>
        <Input
          type="number"
          min={0}
          placeholder="300"
          {...form.register('options.latencyMs', { setValueAs: numberOrAbsent })}
        />
      </Field>
      <Field label="Tokens a second" optional error={errors?.tokensPerSecond?.message}>
        <Input
          type="number"
          min={1}
          placeholder="60"
          {...form.register('options.tokensPerSecond', { setValueAs: numberOrAbsent })}
        />
      </Field>
      <Field
        label="Failure rate, 0 to 1"
        optional
        error={errors?.failureRate?.message}
        hint="Of its calls, at random"
      >
        <Input
          type="number"
          min={0}
          max={1}
          step="any"
          placeholder="0"
          {...form.register('options.failureRate', { setValueAs: numberOrAbsent })}
        />
      </Field>
    </div>
  )
}

const emptyToNull = (value: string | null) => (value === null || value.trim() === '' ? null : value.trim())
const emptyToAbsent = (value: string | undefined) => (value?.trim() ? value.trim() : undefined)
const numberOrAbsent = (value: string | number | undefined) =>
  value === undefined || value === '' || Number.isNaN(Number(value)) ? undefined : Number(value)
