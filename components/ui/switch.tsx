'use client'

import { Switch as Radix } from 'radix-ui'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { cn } from './cn'

export function Switch({ className, ...props }: ComponentProps<typeof Radix.Root>) {
  return (
    <Radix.Root
      className={cn(
        'relative h-5 w-9 shrink-0 rounded-full border border-border-strong bg-sunken transition-colors duration-[120ms] before:absolute before:-inset-0.5 before:content-[""] data-[state=checked]:border-accent data-[state=checked]:bg-accent disabled:opacity-50',
        className,
      )}
      {...props}
    >
      <Radix.Thumb className="block size-3.5 translate-x-0.5 rounded-full bg-border-strong transition-transform duration-[120ms] data-[state=checked]:translate-x-[18px] data-[state=checked]:bg-accent-fg" />
    </Radix.Root>
  )
}

export function SwitchField({
  label,
  hint,
  ...props
}: ComponentProps<typeof Radix.Root> & { label: ReactNode; hint?: ReactNode }) {
  const id = useId()
  return (
    <div className="flex items-start gap-3">
      <Switch id={id} aria-describedby={hint ? `${id}-hint` : undefined} className="mt-px" {...props} />
      <div className="min-w-0">
        <label htmlFor={id} className="cursor-pointer text-base font-medium">
          {label}
        </label>
        {hint ? (
          <p id={`${id}-hint`} className="text-xs text-muted">
            {hint}
          </p>
        ) : null}
      </div>
    </div>
  )
}
