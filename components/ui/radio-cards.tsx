'use client'

import { RadioGroup } from 'radix-ui'
import type { ReactNode } from 'react'
import { cn } from './cn'

export interface RadioCard {
  value: string
  label: ReactNode
  hint?: ReactNode
  icon?: ReactNode
  disabled?: boolean
}

/** A choice of few, each with a sentence of what it means. */
export function RadioCards({
  value,
  onChange,
  options,
  label,
  className,
  disabled = false,
}: {
  value: string
  onChange: (value: string) => void
  options: readonly RadioCard[]
  label: string
  className?: string
  disabled?: boolean
}) {
  return (
    <RadioGroup.Root
      value={value}
      onValueChange={onChange}
      aria-label={label}
      disabled={disabled}
      className={cn('grid gap-2', className)}
    >
      {options.map((option) => (
        <RadioGroup.Item
          key={option.value}
          value={option.value}
          disabled={option.disabled ?? false}
          className="group flex items-start gap-2.5 rounded-card border bg-surface p-3 text-left hover:bg-hover disabled:opacity-60 data-[state=checked]:border-accent data-[state=checked]:bg-accent-soft"
        >
          <span className="mt-0.5 grid size-4 shrink-0 place-items-center rounded-full border border-border-strong bg-surface group-data-[state=checked]:border-accent">
            <RadioGroup.Indicator className="size-2 rounded-full bg-accent" />
          </span>
          <span className="min-w-0">
            <span className="flex items-center gap-1.5 text-sm font-medium">
              {option.icon}
              {option.label}
            </span>
            {option.hint ? <span className="block text-xs text-muted">{option.hint}</span> : null}
          </span>
        </RadioGroup.Item>
      ))}
    </RadioGroup.Root>
  )
}
