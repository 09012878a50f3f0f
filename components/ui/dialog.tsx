'use client'

import { X } from 'lucide-react'
import { Dialog as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { IconButton } from './button'
import { cn } from './cn'
import { useTypedGuard } from './use-typed-guard'

export const OVERLAY = 'fixed inset-0 z-40 bg-overlay animate-appear'

const WIDTHS = { sm: 'max-w-md', md: 'max-w-xl', lg: 'max-w-3xl' } as const

type ContentProps = Omit<ComponentProps<typeof Radix.Content>, 'title'>

/** A dialog in the middle. `onEscapeKeyDown` and `onInteractOutside` may be prevented to ask first. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  width = 'md',
  footer,
  closeLabel = 'Close',
  children,
  ...content
}: ContentProps & {
  open: boolean
  onOpenChange: (open: boolean) => void
  title: ReactNode
  description?: ReactNode
  width?: keyof typeof WIDTHS
  footer?: ReactNode
  /** Null: no button to close, the footer decides. */
  closeLabel?: string | null
}) {
  const guard = useTypedGuard(open)
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={OVERLAY} />
        <Radix.Content
          {...(description ? {} : { 'aria-describedby': undefined })}
          className={cn(
            'fixed top-1/2 left-1/2 z-40 flex max-h-[calc(100dvh-2rem)] w-[calc(100vw-2rem)] -translate-x-1/2 -translate-y-1/2 flex-col rounded-card border bg-surface shadow-float outline-none',
            WIDTHS[width],
          )}
          {...guard}
          {...content}
        >
          <header className="flex items-start gap-3 px-5 pt-4 pb-3">
            <div className="min-w-0 flex-1">
              <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
              {description ? (
                <Radix.Description className="mt-0.5 text-sm text-muted">{description}</Radix.Description>
              ) : null}
            </div>
            {closeLabel === null ? null : (
              <Radix.Close asChild>
                <IconButton label={closeLabel} size="sm" className="-mr-1.5">
                  <X aria-hidden />
                </IconButton>
              </Radix.Close>
            )}
          </header>
          <div className="min-h-0 flex-1 overflow-auto px-5 pb-5">{children}</div>
          {footer ? (
            <footer className="flex flex-wrap justify-end gap-2 border-t px-5 py-3">{footer}</footer>
          ) : null}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
