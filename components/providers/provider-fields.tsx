'use client'

import { Boxes, FlaskConical, Server } from 'lucide-react'
import { useState } from 'react'
import { Controller, type UseFormReturn } from 'react-hook-form'
import { useMe } from '@/components/data/me'
import { Callout } from '@/components/ui/callout'
import { Card } from '@/components/ui/card'
import { CheckboxField } from '@/components/ui/checkbox'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { RadioCards } from '@/components/ui/radio-cards'
import type { Provider } from '@/lib/resources/providers/schema'
import { ApiKeysField } from './api-keys-field'
import { CompatibleFields, VendorField } from './compatible-fields'
import { HealthCheckFields } from './health-check-fields'
import type { ProviderValues } from './provider-form'
import { type AvailableKind, KINDS } from './provider-kinds'
import { VendorLimitFields } from './vendor-limit-fields'

const ICONS: Record<AvailableKind, typeof Boxes> = {
  openai: Boxes,
  'openai-compatible': Server,
  sandbox: FlaskConical,
}

type Form = UseFormReturn<ProviderValues, unknown, unknown>

/** All that a provider is set up with; `provider` is null while it is new. */
export function ProviderFields({ form, provider }: { form: Form; provider: Provider | null }) {
  const me = useMe()
  const { errors } = form.formState
  const kind = form.watch('kind')
  const words = KINDS[kind] ?? KINDS['openai-compatible']
  const mayOpenNetwork = me.role === 'owner' || me.role === 'admin'
  const [lostCheck, setLostCheck] = useState(false)
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
                // Nobody else's server is looked after, and a hidden option would be refused unseen.
                const loses =
                  next !== 'openai-compatible' && form.getValues('options.healthCheck') !== undefined
                if (loses) form.setValue('options.healthCheck', undefined)
                setLostCheck(loses || (lostCheck && next !== 'openai-compatible'))
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
      {lostCheck ? (
        <Callout tone="neutral" role="status">
          The check of the server is taken out: only OpenAI-compatible servers are checked.
        </Callout>
      ) : null}
      <Card>
        <div className="flex flex-col gap-4">
          {kind === 'openai-compatible' && !provider ? <VendorField form={form} /> : null}
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
              <ApiKeysField key={provider?.credentialsSetAt} form={form} provider={provider} />
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
              {kind === 'openai-compatible' ? (
                <>
                  <CompatibleFields form={form} />
                  <HealthCheckFields form={form} />
                </>
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
