'use client'

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { IconButton } from './button'
import { cn } from './cn'
import { OVERLAY } from './dialog'
import { useTypedGuard } from './use-typed-guard'

const WIDTHS = { md: 'sm:max-w-lg', lg: 'sm:max-w-2xl' } as const

/** A detail beside its list; the whole width on a phone. Esc and a click outside close it. */
export function SidePanel({
  open,
  onOpenChange,
  title,
  description,
  actions,
  footer,
  width = 'md',
  children,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  description?: ReactNode
  actions?: ReactNode
  footer?: ReactNode
  width?: keyof typeof WIDTHS
  children: ReactNode
}) {
  const guard = useTypedGuard(open)
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={cn(OVERLAY, 'bg-overlay/50')} />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={cn(
            'fixed inset-y-0 right-0 z-40 flex w-full flex-col border-l bg-surface shadow-float outline-none animate-slide',
            WIDTHS[width],
          )}
          {...guard}
        >
          <header className="flex items-start gap-2 border-b px-5 py-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg leading-6 font-semibold break-words">{title}</Radix.Title>
              {description ? (
                <Radix.Description asChild>
                  <div className="text-sm text-muted">{description}</div>
                </Radix.Description>
              ) : null}
            </div>
            {actions}
            <Radix.Close asChild>
              <IconButton label="Close" size="sm">
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </header>
          <div className="min-h-0 flex-1 overflow-auto p-5">{children}</div>
          {footer ? (
            <footer className="flex flex-wrap justify-end gap-2 border-t px-5 py-3">{footer}</footer>
          ) : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
