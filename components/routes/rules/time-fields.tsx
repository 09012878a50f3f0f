'use client'

import { useId, useMemo } from 'react'
import { CheckboxField } from '@/components/ui/checkbox'
import { Field, FieldGroup } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import type { RuleConditions } from '@/lib/contract/routing'
import { DAYS } from './rule-words'

type TimeOfDay = NonNullable<RuleConditions['timeOfDay']>

const ALL_DAYS = DAYS.map((_, at) => at + 1)

/** From and to, the days on which it begins, and in which zone. */
export function TimeFields({
  value = { from: '', to: '', timeZone: 'UTC' },
  onChange,
}: {
  value: TimeOfDay | undefined
  onChange: (value: TimeOfDay) => void
}) {
  const zonesId = useId()
  const zones = useMemo(() => ['UTC', ...Intl.supportedValuesOf('timeZone')], [])
  const days = value.days ?? ALL_DAYS
  const toggle = (day: number, on: boolean) => {
    const next = on ? [...days, day].sort() : days.filter((other) => other !== day)
    const { days: _all, ...rest } = value
    onChange(next.length === ALL_DAYS.length ? rest : { ...rest, days: next })
  }
  return (
    <div className="flex flex-col gap-3">
      <div className="grid items-start gap-3 sm:grid-cols-[7.5rem_7.5rem_1fr]">
        <Field label="From">
          <Input
            type="time"
            value={value.from}
            onChange={(event) => onChange({ ...value, from: event.target.value })}
          />
        </Field>
        <Field label="Until">
          <Input
            type="time"
            value={value.to}
            onChange={(event) => onChange({ ...value, to: event.target.value })}
          />
        </Field>
        <Field label="Time zone">
          <Input
            value={value.timeZone}
            onChange={(event) => onChange({ ...value, timeZone: event.target.value })}
            list={zonesId}
            autoComplete="off"
            spellCheck={false}
          />
          <datalist id={zonesId}>
            {zones.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </Field>
      </div>
      <FieldGroup legend="On the days on which it begins">
        <div className="flex flex-wrap gap-x-4 gap-y-1">
          {DAYS.map((name, at) => (
            <CheckboxField
              key={name}
              label={<span className="text-sm">{name}</span>}
              checked={days.includes(at + 1)}
              onCheckedChange={(on) => toggle(at + 1, on === true)}
            />
          ))}
        </div>
      </FieldGroup>
    </div>
  )
}
