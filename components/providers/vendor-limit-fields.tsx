'use client'

import { Plus, X } from 'lucide-react'
import { type UseFormReturn, useFieldArray } from 'react-hook-form'
import { METRICS, windowText } from '@/components/limits/limit-words'
import { Button, IconButton } from '@/components/ui/button'
import { Field, FieldError } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import type { ProviderLimit } from '@/lib/contract/entities'
import { MAX_PROVIDER_LIMITS } from '@/lib/resources/providers/schema'
import type { ProviderValues } from './provider-form'

const VENDOR_METRICS = ['requests', 'tokens', 'inputTokens', 'outputTokens', 'concurrency'] as const
const WINDOWS = [1, 60, 3_600, 86_400]
const NEW: ProviderLimit = { model: null, metric: 'requests', limit: Number.NaN, windowSeconds: 60 }

/** What the vendor allows: a line for each measure, of one model or of the whole account. */
export function VendorLimitFields({ form }: { form: UseFormReturn<ProviderValues, unknown, unknown> }) {
  const limits = useFieldArray({ control: form.control, name: 'limits' })
  const { errors } = form.formState
  const whole = errors.limits?.message ?? errors.limits?.root?.message
  return (
    <div className="flex flex-col gap-3">
      <ul className="flex flex-col gap-3 empty:hidden">
        {limits.fields.map((field, index) => (
          <li key={field.id} aria-label={`Limit ${index + 1}`} className="rounded-card border bg-sunken p-3">
            <LimitLine form={form} index={index} onRemove={() => limits.remove(index)} />
          </li>
        ))}
      </ul>
      {whole ? <FieldError>{whole}</FieldError> : null}
      {limits.fields.length < MAX_PROVIDER_LIMITS ? (
        <div>
          <Button size="sm" onClick={() => limits.append(NEW)}>
            <Plus aria-hidden />
            Add limit
          </Button>
        </div>
      ) : null}
    </div>
  )
}

function LimitLine({
  form,
  index,
  onRemove,
}: {
  form: UseFormReturn<ProviderValues, unknown, unknown>
  index: number
  onRemove: () => void
}) {
  // A line that was added a moment ago is empty, not wrong; and an error that comes and goes would move the buttons.
  const { errors: found, isSubmitted } = form.formState
  const errors = isSubmitted ? found.limits?.[index] : undefined
  const { metric, windowSeconds } = form.watch(`limits.${index}`)
  const windows =
    windowSeconds === null || WINDOWS.includes(windowSeconds) ? WINDOWS : [...WINDOWS, windowSeconds]
  return (
    <div className="grid grid-cols-2 items-start gap-3 md:grid-cols-[1.2fr_1fr_1fr_6rem_2rem]">
      <Field label="Measure" error={errors?.metric?.message}>
        <Select
          {...form.register(`limits.${index}.metric`, {
            onChange: (event: { target: { value: string } }) =>
              form.setValue(
                `limits.${index}.windowSeconds`,
                event.target.value === 'concurrency' ? null : (windowSeconds ?? 60),
              ),
          })}
        >
          {VENDOR_METRICS.map((name) => (
            <option key={name} value={name}>
              {METRICS[name].label}
            </option>
          ))}
        </Select>
      </Field>
      <Field label="Model" error={errors?.model?.message}>
        <Input
          className="font-mono text-sm"
          placeholder="all together"
          autoComplete="off"
          spellCheck={false}
          {...form.register(`limits.${index}.model`, { setValueAs: emptyToNull })}
        />
      </Field>
      <Field label="Amount" error={errors?.limit?.message}>
        <Input
          type="number"
          min={1}
          className="text-right"
          {...form.register(`limits.${index}.limit`, { valueAsNumber: true })}
        />
      </Field>
      {metric === 'concurrency' ? (
        <span className="max-md:hidden" />
      ) : (
        <Field label="Within" error={errors?.windowSeconds?.message}>
          <Select {...form.register(`limits.${index}.windowSeconds`, { setValueAs: asSeconds })}>
            {windows.map((seconds) => (
              <option key={seconds} value={seconds}>
                {windowText(seconds)}
              </option>
            ))}
          </Select>
        </Field>
      )}
      <IconButton
        label={`Remove limit ${index + 1}`}
        size="sm"
        className="justify-self-end max-md:col-span-2 md:mt-7"
        onClick={onRemove}
      >
        <X aria-hidden />
      </IconButton>
    </div>
  )
}

const emptyToNull = (value: string | null) => (value === null || value.trim() === '' ? null : value.trim())
const asSeconds = (value: string | number | null) => (value === null || value === '' ? null : Number(value))
