'use client'

import { Tabs as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { cn } from './cn'

export interface Tab {
  value: string
  label: ReactNode
  /** How many are inside, shown beside the word. */
  count?: number | undefined
}

/** Controlled: the tab in sight belongs in the URL. Children are `TabPanel`s. */
export function Tabs({
  value,
  onChange,
  tabs,
  label,
  className,
  children,
}: {
  value: string
  onChange: (value: string) => void
  tabs: readonly Tab[]
  label: string
  className?: string
  children: ReactNode
}) {
  return (
    <Radix.Root value={value} onValueChange={onChange} className={cn('flex flex-col gap-4', className)}>
      <Radix.List aria-label={label} className="flex gap-1 overflow-x-auto border-b">
        {tabs.map((tab) => (
          <Radix.Trigger
            key={tab.value}
            value={tab.value}
            className="-mb-px flex h-9 shrink-0 items-center gap-1.5 border-b-2 border-transparent px-2.5 text-sm font-medium text-muted -outline-offset-2 hover:text-fg data-[state=active]:border-accent data-[state=active]:text-fg"
          >
            {tab.label}
            {tab.count === undefined ? null : (
              <span className="rounded-full bg-hover px-1.5 text-xs font-normal">{tab.count}</span>
            )}
          </Radix.Trigger>
        ))}
      </Radix.List>
      {children}
    </Radix.Root>
  )
}

export function TabPanel({
  value,
  className,
  keep = false,
  children,
}: {
  value: string
  className?: string
  /** Stays while another tab is in sight, with what was typed into it. */
  keep?: boolean
  children: ReactNode
}) {
  return (
    <Radix.Content
      value={value}
      className={cn('rounded-control', keep && 'data-[state=inactive]:hidden', className)}
      {...(keep ? { forceMount: true } : {})}
    >
      {children}
    </Radix.Content>
  )
}

/** A switch between two or three views of the same thing. */
export function Segmented<Value extends string>({
  value,
  onChange,
  options,
  label,
  className,
}: {
  value: Value
  onChange: (value: Value) => void
  options: readonly { value: Value; label: ReactNode }[]
  label: string
  className?: string
}) {
  return (
    <fieldset
      aria-label={label}
      className={cn('inline-flex h-8 rounded-control border bg-sunken p-0.5', className)}
    >
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className="h-[26px] rounded-[4px] px-2.5 text-sm text-muted hover:text-fg aria-pressed:bg-surface aria-pressed:font-medium aria-pressed:text-fg aria-pressed:shadow-[0_0_0_1px_var(--border)]"
        >
          {option.label}
        </button>
      ))}
    </fieldset>
  )
}
