'use client'

import { useState } from 'react'
import { Controller } from 'react-hook-form'
import { apiSend } from '@/components/data/api'
import { useSaved } from '@/components/data/save'
import { PolicyHead } from '@/components/policies/policy-head'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Dialog } from '@/components/ui/dialog'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { SwitchField } from '@/components/ui/switch'
import { type Limit, limitInput, limitPatch } from '@/lib/resources/limits/schema'
import type { ScopeInput } from '@/lib/resources/policies/schema'
import { countsInput, METRIC_NAMES, METRICS, windowText } from './limit-words'

interface Values {
  name: string
  scope: ScopeInput
  metric: Limit['metric']
  limit: number | string
  windowSeconds: number | null
  countCachedInput: boolean
  enabled: boolean
}
const WINDOWS = [1, 10, 60, 300, 3_600, 86_400, 2_592_000]
const NEW: Values = {
  name: '',
  scope: { type: 'key', id: null, each: true },
  metric: 'tokens',
  limit: '',
  windowSeconds: 60,
  countCachedInput: true,
  enabled: true,
}

export function CreateLimitDialog({
  open,
  onClose,
  onCreated,
}: {
  open: boolean
  onClose: () => void
  onCreated: (limit: Limit) => void
}) {
  return (
    <Dialog
      open={open}
      onOpenChange={onClose}
      width="lg"
      title="Create limit"
      description="A rate. All limits that apply to a call must have room, or it is refused with 429."
    >
      <LimitForm limit={null} onDone={onClose} onSaved={onCreated} />
    </Dialog>
  )
}

export function LimitForm({
  limit,
  onDone,
  onSaved,
}: {
  limit: { value: Limit; etag: string | null } | null
  onDone: () => void
  onSaved?: (limit: Limit) => void
}) {
  const saved = useSaved()
  const form = useResourceForm<Values, unknown>(
    limit ? limitPatch : limitInput,
    limit ? valuesOf(limit.value) : NEW,
  )
  const { errors } = form.formState
  const { metric, windowSeconds } = form.watch()
  return (
    <ResourceForm
      form={form}
      etag={limit?.etag ?? null}
      submitLabel={limit ? 'Save limit' : 'Create limit'}
      onCancel={onDone}
      onSubmit={async (input, ifMatch) => {
        const answer = limit
          ? await apiSend<Limit>('PATCH', `/limits/${limit.value.id}`, input, { ifMatch })
          : await apiSend<Limit>('POST', '/limits', input)
        onDone()
        saved(answer, `${limit ? 'Saved' : 'Created'} limit ${answer.data.name}`)
        onSaved?.(answer.data)
      }}
    >
      <PolicyHead form={form} />
      <div className="grid items-start gap-4 sm:grid-cols-3">
        <Field label="Measure" hint={METRICS[metric].meaning}>
          <Select
            value={metric}
            onChange={(event) => {
              const next = event.target.value as Limit['metric']
              if ((next === 'costUsd') !== (metric === 'costUsd')) form.setValue('limit', '')
              form.setValue('metric', next)
              form.setValue('windowSeconds', next === 'concurrency' ? null : (windowSeconds ?? 60))
            }}
          >
            {METRIC_NAMES.map((name) => (
              <option key={name} value={name}>
                {METRICS[name].label}
              </option>
            ))}
          </Select>
        </Field>
        <Field
          label={metric === 'costUsd' ? 'Amount, USD' : 'Amount'}
          required
          error={errors.limit?.message}
          hint={metric === 'costUsd' ? 'Such as 10.00' : `A whole number of ${METRICS[metric].unit}`}
        >
          <Input
            // A new one for the other kind of amount: what was typed into it means nothing there.
            key={metric === 'costUsd' ? 'usd' : 'count'}
            inputMode={metric === 'costUsd' ? 'decimal' : 'numeric'}
            className="text-right"
            autoComplete="off"
            {...form.register('limit', { setValueAs: metric === 'costUsd' ? asUsd : asCount })}
          />
        </Field>
        {metric === 'concurrency' ? null : (
          <Controller
            control={form.control}
            name="windowSeconds"
            render={({ field }) => (
              <WindowField
                value={field.value}
                onChange={field.onChange}
                error={errors.windowSeconds?.message}
              />
            )}
          />
        )}
      </div>
      {countsInput(metric) ? (
        <Controller
          control={form.control}
          name="countCachedInput"
          render={({ field }) => (
            <SwitchField
              label="Count cached input"
              hint="Off: input that the vendor had cached is left out, so long prompts that repeat weigh less."
              checked={field.value}
              onCheckedChange={field.onChange}
            />
          )}
        />
      ) : null}
      <Controller
        control={form.control}
        name="enabled"
        render={({ field }) => (
          <SwitchField
            label="On"
            hint="Off: nothing is counted or refused by it."
            checked={field.value}
            onCheckedChange={field.onChange}
          />
        )}
      />
    </ResourceForm>
  )
}

/** The usual ones by name, any other by its seconds. */
function WindowField({
  value,
  onChange,
  error,
}: {
  value: number | null
  onChange: (value: number | null) => void
  error: string | undefined
}) {
  const [usual, setUsual] = useState(value !== null && WINDOWS.includes(value))
  return (
    <div className="flex min-w-0 flex-col gap-2">
      <Field
        label="Window"
        hint="Sliding: never more within any stretch of it."
        error={usual ? error : undefined}
      >
        <Select
          value={usual ? String(value) : 'other'}
          onChange={(event) => {
            setUsual(event.target.value !== 'other')
            if (event.target.value !== 'other') onChange(Number(event.target.value))
          }}
        >
          {WINDOWS.map((seconds) => (
            <option key={seconds} value={seconds}>
              {windowText(seconds)}
            </option>
          ))}
          <option value="other">Another</option>
        </Select>
      </Field>
      {usual ? null : (
        <Field label="Window, seconds" required error={error}>
          <Input
            type="number"
            min={1}
            value={value ?? ''}
            onChange={(event) => onChange(event.target.value === '' ? null : Number(event.target.value))}
          />
        </Field>
      )}
    </div>
  )
}

function valuesOf(limit: Limit): Values {
  const { name, metric, windowSeconds, countCachedInput, enabled } = limit
  return {
    name,
    // Only what this release carries can have been saved.
    scope: limit.scope as ScopeInput,
    metric,
    limit: limit.limit,
    windowSeconds,
    countCachedInput,
    enabled,
  }
}

const asUsd = (value: string | number) => String(value).trim()
/** `200,000` and `200_000` are numbers to people; what is none stays as typed, to be told. */
function asCount(value: string | number): string | number {
  const text = String(value)
    .trim()
    .replaceAll(/[,_ ](?=\d{3}\b)/g, '')
  return /^\d+$/.test(text) ? Number(text) : text
}
