'use client'

import { useState } from 'react'
import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useOptions } from '@/components/data/collection'
import { useSaved } from '@/components/data/save'
import { KINDS } from '@/components/providers/provider-kinds'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Dialog } from '@/components/ui/dialog'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { useTimeZone } from '@/components/ui/time-zone'
import { fromLocalInput, toLocalInput } from '@/lib/format/time'
import { type Price, priceInput, pricePatch } from '@/lib/resources/prices/schema'
import type { Provider } from '@/lib/resources/providers/schema'
import { emptyToNull, numberOrNull, type PriceValues, RATES, type RateName, trimmed } from './price-rates'
import { PriceServiceTiers } from './price-service-tiers'
import { PriceTiers } from './price-tiers'
import { firstMessage } from './service-tier-rows'

/** Makes a price, changes `price`, or starts from what the catalogue has. */
export function PriceDialog({
  open,
  onClose,
  onSaved,
  price,
  template,
}: {
  open: boolean
  onClose: () => void
  onSaved?: (price: Price) => void
  price?: { value: Price; etag: string | null } | null
  template?: Partial<PriceValues> | null
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      width="lg"
      title={price ? `Price of ${price.value.model}` : 'Set a price'}
      description="It replaces the catalogue's entry whole, for calls from now on. What is booked stays as it was priced, until you price it again."
    >
      <PriceForm onClose={onClose} onSaved={onSaved} price={price ?? null} template={template ?? null} />
    </Dialog>
  )
}

function PriceForm({
  onClose,
  onSaved,
  price,
  template,
}: {
  onClose: () => void
  onSaved: ((price: Price) => void) | undefined
  price: { value: Price; etag: string | null } | null
  template: Partial<PriceValues> | null
}) {
  const saved = useSaved()
  const { timeZone } = useTimeZone()
  const providers = useOptions<Provider>('/providers', { sort: 'name' }, price === null)
  const form = useResourceForm<PriceValues, unknown>(
    price ? pricePatch : priceInput,
    price ? valuesOf(price.value) : { ...EMPTY, ...template },
  )
  const { errors } = form.formState
  const [scope, setScope] = useState(
    template?.providerId
      ? `prov:${template.providerId}`
      : template?.providerKind
        ? `kind:${template.providerKind}`
        : '',
  )
  return (
    <ResourceForm
      form={form}
      etag={price?.etag ?? null}
      submitLabel={price ? 'Save price' : 'Set price'}
      onCancel={onClose}
      onSubmit={async (input, ifMatch) => {
        const answer = price
          ? await apiSend<Price>('PATCH', `/prices/${price.value.id}`, input, { ifMatch })
          : await apiSend<Price>('POST', '/prices', input)
        onClose()
        onSaved?.(answer.data)
        saved(answer, `${price ? 'Saved' : 'Set'} the price of ${answer.data.model}`)
      }}
    >
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Model" required error={errors.model?.message} hint="As the vendor says it served it">
          <Input
            autoFocus
            {...form.register('model')}
            className="font-mono text-sm"
            autoComplete="off"
            spellCheck={false}
          />
        </Field>
        {price ? null : (
          <Field
            label="For"
            error={errors.providerId?.message ?? errors.providerKind?.message}
            hint="A price for one provider goes before one for its kind."
          >
            <Select
              value={scope}
              onChange={(event) => {
                const next = event.target.value
                setScope(next)
                form.setValue('providerId', next.startsWith('prov:') ? next.slice(5) : null)
                form.setValue(
                  'providerKind',
                  next.startsWith('kind:') ? (next.slice(5) as Price['providerKind']) : null,
                )
              }}
            >
              <option value="">Every provider</option>
              <optgroup label="All of a kind">
                {Object.entries(KINDS).map(([kind, { label }]) => (
                  <option key={kind} value={`kind:${kind}`}>
                    {label}
                  </option>
                ))}
              </optgroup>
              {providers.data?.length ? (
                <optgroup label="One provider">
                  {providers.data.map((provider) => (
                    <option key={provider.id} value={`prov:${provider.id}`}>
                      {provider.name}
                    </option>
                  ))}
                </optgroup>
              ) : null}
            </Select>
          </Field>
        )}
      </div>
      <FieldGroup legend="USD per million tokens" hint="A kind without a price takes input's or output's.">
        <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
          {RATES.map((rate) => (
            <Field
              key={rate.name}
              label={rate.label}
              required={rate.required}
              error={errors[rate.name]?.message}
            >
              <Input
                inputMode="decimal"
                className="text-right"
                {...form.register(rate.name, { setValueAs: rate.required ? trimmed : emptyToNull })}
              />
            </Field>
          ))}
        </div>
      </FieldGroup>
      <div className="grid gap-4 sm:grid-cols-3">
        <Field label="USD per call" optional error={errors.requestUsd?.message}>
          <Input
            inputMode="decimal"
            className="text-right"
            {...form.register('requestUsd', { setValueAs: emptyToNull })}
          />
        </Field>
        <Field label="USD per second" optional error={errors.secondUsd?.message}>
          <Input
            inputMode="decimal"
            className="text-right"
            {...form.register('secondUsd', { setValueAs: emptyToNull })}
          />
        </Field>
        <Field label="Context, tokens" optional error={errors.contextTokens?.message}>
          <Input type="number" min={1} {...form.register('contextTokens', { setValueAs: numberOrNull })} />
        </Field>
        <Field label="Largest output" optional error={errors.maxOutputTokens?.message}>
          <Input type="number" min={1} {...form.register('maxOutputTokens', { setValueAs: numberOrNull })} />
        </Field>
        <Controller
          control={form.control}
          name="effectiveFrom"
          render={({ field }) => (
            <Field
              label="From"
              optional
              error={errors.effectiveFrom?.message}
              hint={`Empty: always. ${timeZone}`}
            >
              <Input
                type="datetime-local"
                value={field.value ? toLocalInput(field.value, timeZone) : ''}
                onChange={(event) => field.onChange(fromLocalInput(event.target.value, timeZone))}
              />
            </Field>
          )}
        />
      </div>
      <PriceTiers form={form} />
      <Controller
        control={form.control}
        name="serviceTiers"
        render={({ field, fieldState }) => (
          <PriceServiceTiers
            value={field.value}
            onChange={field.onChange}
            error={firstMessage(fieldState.error)}
          />
        )}
      />
    </ResourceForm>
  )
}

const EMPTY: PriceValues = {
  model: '',
  providerId: null,
  providerKind: null,
  inputUsdPerMillion: '',
  outputUsdPerMillion: '',
  effectiveFrom: null,
  tiers: [],
  serviceTiers: {},
  contextTokens: null,
  maxOutputTokens: null,
}

/** What a PATCH takes of a price, or a new one of the catalogue's. */
export function valuesOf(
  price: Pick<Price, RateName | 'model' | 'tiers' | 'serviceTiers' | 'contextTokens' | 'maxOutputTokens'> & {
    effectiveFrom?: string | null
  },
): PriceValues {
  const { model, tiers, serviceTiers, contextTokens, maxOutputTokens, effectiveFrom } = price
  const rates = Object.fromEntries(
    [...RATES.map(({ name }) => name), 'requestUsd' as const, 'secondUsd' as const].map((name) => [
      name,
      price[name],
    ]),
  )
  const from = effectiveFrom ?? null
  return { ...rates, model, tiers, serviceTiers, contextTokens, maxOutputTokens, effectiveFrom: from }
}
