'use client'

import { useState } from 'react'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Select } from '@/components/ui/select'
import { useTimeZone } from '@/components/ui/time-zone'
import { formatExact, fromLocalInput, toLocalInput } from '@/lib/format/time'

const DAY_MS = 86_400_000
const PRESETS = [
  { days: 7, label: 'In 7 days' },
  { days: 30, label: 'In 30 days' },
  { days: 90, label: 'In 90 days' },
  { days: 365, label: 'In a year' },
] as const

/** RFC 3339 of an end that many days from now. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString()
}

/** When a secret ends. The choices are spans; what is sent is a time, and it is shown. */
export function ExpiryField({
  value,
  onChange,
  error,
  initial,
}: {
  value: string | null
  onChange: (value: string | null) => void
  error?: string | undefined
  /** The choice at first: a preset's days, `never`, or `date` for a time that is there already. */
  initial: '7' | '30' | '90' | '365' | 'never' | 'date'
}) {
  const [choice, setChoice] = useState<string>(initial)
  const { timeZone } = useTimeZone()
  return (
    <div className="grid gap-3 sm:grid-cols-2">
      <Field
        label="Expires"
        error={choice === 'date' ? undefined : error}
        hint={
          value && choice !== 'date'
            ? formatExact(value, timeZone)
            : choice === 'never'
              ? 'It works until it is revoked.'
              : undefined
        }
      >
        <Select
          value={choice}
          onChange={(event) => {
            const next = event.target.value
            setChoice(next)
            if (next === 'never') onChange(null)
            else if (next === 'date') onChange(value ?? inDays(30))
            else onChange(inDays(Number(next)))
          }}
        >
          {PRESETS.map((preset) => (
            <option key={preset.days} value={String(preset.days)}>
              {preset.label}
            </option>
          ))}
          <option value="date">On a date</option>
          <option value="never">Never</option>
        </Select>
      </Field>
      {choice === 'date' ? (
        <Field label="Date and time" hint={timeZone} error={error}>
          <Input
            type="datetime-local"
            value={value ? toLocalInput(value, timeZone) : ''}
            onChange={(event) => {
              const next = fromLocalInput(event.target.value, timeZone)
              if (next) onChange(next)
            }}
          />
        </Field>
      ) : null}
    </div>
  )
}
