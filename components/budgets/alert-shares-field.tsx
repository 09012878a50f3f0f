'use client'

import { useState } from 'react'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { readShares, sharesText } from './alert-words'

/** Percents of the amount; what can't be read is said at once, and the form holds it as no list. */
export function AlertSharesField({
  value,
  onChange,
  error,
}: {
  value: readonly number[] | null
  onChange: (shares: number[] | null) => void
  error: string | undefined
}) {
  const [text, setText] = useState(() => sharesText(value ?? []))
  return (
    <Field
      label="Alert at, percent of the amount"
      error={value === null ? 'percents such as 50, 80, 100' : error}
      hint={text.trim() ? 'Once per period for each of them, when so much is booked' : 'No alert is raised'}
    >
      <Input
        value={text}
        onChange={(event) => {
          setText(event.target.value)
          onChange(readShares(event.target.value))
        }}
        inputMode="decimal"
        autoComplete="off"
      />
    </Field>
  )
}
