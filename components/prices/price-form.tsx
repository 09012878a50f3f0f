'use client'

import { Plus, X } from 'lucide-react'
import { useState } from 'react'
import { Controller, useFieldArray } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useOptions } from '@/components/data/collection'
import { useSaved } from '@/components/data/save'
import { KINDS } from '@/components/providers/provider-kinds'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Button, IconButton } from '@/components/ui/button'
import { Dialog } from '@/components/ui/dialog'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { useTimeZone } from '@/components/ui/time-zone'
import { fromLocalInput, toLocalInput } from '@/lib/format/time'
import { type Price, priceInput, pricePatch } from '@/lib/resources/prices/schema'
import type { Provider } from '@/lib/resources/providers/schema'

export const RATES = [
  { name: 'inputUsdPerMillion', label: 'Input', required: true },
  { name: 'outputUsdPerMillion', label: 'Output', required: true },
  { name: 'cacheReadUsdPerMillion', label: 'Cache read', required: false },
  { name: 'cacheWrite5mUsdPerMillion', label: 'Cache write, 5 min', required: false },
  { name: 'cacheWrite1hUsdPerMillion', label: 'Cache write, 1 h', required: false },
  { name: 'reasoningUsdPerMillion', label: 'Reasoning', required: false },
  { name: 'inputAudioUsdPerMillion', label: 'Audio in', required: false },
  { name: 'outputAudioUsdPerMillion', label: 'Audio out', required: false },
] as const

type RateName = (typeof RATES)[number]['name'] | 'requestUsd'
type RateValues = Partial<Record<RateName, string | null | undefined>>
interface Values extends RateValues {
  providerId?: string | null
  providerKind?: Price['providerKind']
  model: string
  effectiveFrom: string | null
  tiers: (RateValues & { aboveInputTokens: number })[]
  contextTokens: number | null
  maxOutputTokens: number | null
}

/** Makes a price, changes `price`, or starts from what the catalogue has. */
export function PriceDialog({
  open,
  onClose,
  price,
  template,
}: {
  open: boolean
  onClose: () => void
  price?: { value: Price; etag: string | null } | null
  template?: Partial<Values> | null
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      width="lg"
      title={price ? `Price of ${price.value.model}` : 'Set a price'}
      description="It replaces the catalogue's entry whole, for calls from now on. What is booked stays as it was priced."
    >
      <PriceForm onClose={onClose} price={price ?? null} template={template ?? null} />
    </Dialog>
  )
}

function PriceForm({
  onClose,
  price,
  template,
}: {
  onClose: () => void
  price: { value: Price; etag: string | null } | null
  template: Partial<Values> | null
}) {
  const saved = useSaved()
  const { timeZone } = useTimeZone()
  const providers = useOptions<Provider>('/providers', { sort: 'name' }, price === null)
  const form = useResourceForm<Values, unknown>(
    price ? pricePatch : priceInput,
    price ? valuesOf(price.value) : { ...EMPTY, ...template },
  )
  const tiers = useFieldArray({ control: form.control, name: 'tiers' })
  const { errors } = form.formState
  const [scope, setScope] = useState(template?.providerKind ? `kind:${template.providerKind}` : '')
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
        <div className="grid gap-3 sm:grid-cols-4">
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
      <div className="grid gap-4 sm:grid-cols-4">
        <Field label="USD per call" optional error={errors.requestUsd?.message}>
          <Input
            inputMode="decimal"
            className="text-right"
            {...form.register('requestUsd', { setValueAs: emptyToNull })}
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
      <FieldGroup
        legend="Tiers"
        hint="When the whole input of a call passes the number, every token of it, output too, is priced by the tier."
        error={errors.tiers?.message}
      >
        {tiers.fields.map((tier, index) => (
          <div key={tier.id} className="flex items-start gap-2 rounded-card border bg-sunken p-3">
            <div className="grid flex-1 gap-3 sm:grid-cols-4">
              <Field
                label="Above input tokens"
                required
                error={errors.tiers?.[index]?.aboveInputTokens?.message}
              >
                <Input
                  type="number"
                  min={1}
                  {...form.register(`tiers.${index}.aboveInputTokens`, { valueAsNumber: true })}
                />
              </Field>
              {RATES.slice(0, 3).map((rate) => (
                <Field
                  key={rate.name}
                  label={rate.label}
                  required={rate.required}
                  error={errors.tiers?.[index]?.[rate.name]?.message}
                >
                  <Input
                    inputMode="decimal"
                    className="text-right"
                    {...form.register(`tiers.${index}.${rate.name}`, {
                      setValueAs: rate.required ? trimmed : emptyToNull,
                    })}
                  />
                </Field>
              ))}
            </div>
            <IconButton label={`Remove tier ${index + 1}`} size="sm" onClick={() => tiers.remove(index)}>
              <X aria-hidden />
            </IconButton>
          </div>
        ))}
        <div>
          <Button size="sm" onClick={() => tiers.append({ aboveInputTokens: 200_000 })}>
            <Plus aria-hidden />
            Add tier
          </Button>
        </div>
      </FieldGroup>
    </ResourceForm>
  )
}

const EMPTY: Values = {
  model: '',
  providerId: null,
  providerKind: null,
  inputUsdPerMillion: '',
  outputUsdPerMillion: '',
  effectiveFrom: null,
  tiers: [],
  contextTokens: null,
  maxOutputTokens: null,
}

/** What a PATCH takes of a price, or a new one of the catalogue's. */
export function valuesOf(
  price: Pick<Price, RateName | 'model' | 'tiers' | 'contextTokens' | 'maxOutputTokens'> & {
    effectiveFrom?: string | null
  },
): Values {
  const { model, tiers, contextTokens, maxOutputTokens, effectiveFrom } = price
  const rates = Object.fromEntries(
    [...RATES.map(({ name }) => name), 'requestUsd' as const].map((name) => [name, price[name]]),
  )
  return { ...rates, model, tiers, contextTokens, maxOutputTokens, effectiveFrom: effectiveFrom ?? null }
}

const trimmed = (value: string | null | undefined) => (value ?? '').trim()
const emptyToNull = (value: string | null | undefined) => (value?.trim() ? value.trim() : null)
const numberOrNull = (value: string | number | null) =>
  value === null || value === '' ? null : Number(value)
