'use client'

import { useTheme } from 'next-themes'
import { Toaster as Sonner } from 'sonner'

/** Where toasts appear; sonner announces them politely. */
export function Toaster() {
  const { resolvedTheme } = useTheme()
  return (
    <Sonner
      theme={resolvedTheme === 'dark' ? 'dark' : 'light'}
      position="bottom-right"
      // Above the bar with which a long form is saved.
      offset={{ bottom: 72, right: 24 }}
      mobileOffset={{ bottom: 72 }}
      containerAriaLabel="Messages"
      toastOptions={{
        classNames: {
          toast:
            '!rounded-card !border !border-border !bg-surface !text-fg !shadow-float !font-sans !text-sm',
          description: '!text-muted',
          success: '[&_[data-icon]]:!text-ok',
          error: '[&_[data-icon]]:!text-danger',
          actionButton: '!bg-accent !text-accent-fg',
          cancelButton: '!bg-hover !text-fg',
        },
      }}
    />
  )
}
