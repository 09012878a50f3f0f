'use client'

import { Plus, X } from 'lucide-react'
import { type UseFormReturn, useFieldArray } from 'react-hook-form'
import { Button, IconButton } from '@/components/ui/button'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { emptyToNull, type PriceValues, RATES, trimmed } from './price-rates'

/** From a size of input on, every kind of token may have another price: as many fields as the price itself. */
export function PriceTiers({ form }: { form: UseFormReturn<PriceValues, unknown, unknown> }) {
  const tiers = useFieldArray({ control: form.control, name: 'tiers' })
  const { errors } = form.formState
  return (
    <FieldGroup
      legend="Tiers"
      hint="When the whole input of a call passes the number, every token of it, output too, is priced by the tier."
      error={errors.tiers?.message}
    >
      {tiers.fields.map((tier, index) => (
        <fieldset
          key={tier.id}
          aria-label={`Tier ${index + 1}`}
          className="flex min-w-0 flex-col gap-3 rounded-card border bg-sunken p-3"
        >
          <div className="flex items-start gap-2">
            <Field
              label="Above input tokens"
              required
              error={errors.tiers?.[index]?.aboveInputTokens?.message}
              className="w-44"
            >
              <Input
                type="number"
                min={1}
                {...form.register(`tiers.${index}.aboveInputTokens`, { valueAsNumber: true })}
              />
            </Field>
            <IconButton
              label={`Remove tier ${index + 1}`}
              size="sm"
              className="ml-auto"
              onClick={() => tiers.remove(index)}
            >
              <X aria-hidden />
            </IconButton>
          </div>
          <div className="grid grid-cols-2 gap-3 sm:grid-cols-4">
            {RATES.map((rate) => (
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
            <Field label="USD per call" error={errors.tiers?.[index]?.requestUsd?.message}>
              <Input
                inputMode="decimal"
                className="text-right"
                {...form.register(`tiers.${index}.requestUsd`, { setValueAs: emptyToNull })}
              />
            </Field>
            <Field label="USD per second" error={errors.tiers?.[index]?.secondUsd?.message}>
              <Input
                inputMode="decimal"
                className="text-right"
                {...form.register(`tiers.${index}.secondUsd`, { setValueAs: emptyToNull })}
              />
            </Field>
          </div>
        </fieldset>
      ))}
      <div>
        <Button size="sm" onClick={() => tiers.append({ aboveInputTokens: 200_000 })}>
          <Plus aria-hidden />
          Add tier
        </Button>
      </div>
    </FieldGroup>
  )
}
