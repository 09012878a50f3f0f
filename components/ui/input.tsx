'use client'

import { Search } from 'lucide-react'
import type { ComponentProps } from 'react'
import { cn } from './cn'
import { useFieldControl } from './field'

export const CONTROL =
  'w-full min-w-0 rounded-control border border-border-strong/60 bg-surface px-2.5 text-base text-fg placeholder:text-muted hover:border-border-strong focus-visible:outline-offset-0 aria-invalid:border-danger disabled:bg-sunken disabled:text-muted [&[readonly]]:bg-sunken'

export function Input({ className, type, ...props }: ComponentProps<'input'>) {
  return (
    <input
      type={type ?? 'text'}
      {...useFieldControl()}
      className={cn(CONTROL, 'h-8', className)}
      {...props}
    />
  )
}

export function Textarea({ className, ...props }: ComponentProps<'textarea'>) {
  return <textarea {...useFieldControl()} className={cn(CONTROL, 'min-h-20 py-1.5', className)} {...props} />
}

/** A search box; its `aria-label` says what is searched. */
export function SearchInput({ className, ...props }: ComponentProps<'input'> & { 'aria-label': string }) {
  return (
    <div className={cn('relative', className)}>
      <Search
        className="pointer-events-none absolute top-1/2 left-2.5 size-4 -translate-y-1/2 text-muted"
        aria-hidden
      />
      <input
        type="search"
        autoComplete="off"
        spellCheck={false}
        className={cn(CONTROL, 'search-box h-8 pl-8')}
        {...props}
      />
    </div>
  )
}
