'use client'

import { ChevronDown } from 'lucide-react'
import type { ComponentProps } from 'react'
import { cn } from './cn'
import { useFieldControl } from './field'
import { CONTROL } from './input'

/** The browser's own select: it works with every keyboard, screen reader and phone. Children are `<option>`s. */
export function Select({ className, children, ...props }: ComponentProps<'select'>) {
  return (
    <div className={cn('relative min-w-0', className)}>
      <select
        {...useFieldControl()}
        className={cn(CONTROL, 'h-8 appearance-none truncate pr-8 [&>option]:bg-surface [&>option]:text-fg')}
        {...props}
      >
        {children}
      </select>
      <ChevronDown
        className="pointer-events-none absolute top-1/2 right-2.5 size-4 -translate-y-1/2 text-muted"
        aria-hidden
      />
    </div>
  )
}
