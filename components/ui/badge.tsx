import type { ReactNode } from 'react'
import { cn } from './cn'

export type Tone = 'neutral' | 'ok' | 'warn' | 'danger' | 'accent'

const DOTS: Record<Tone, string> = {
  neutral: 'bg-border-strong',
  ok: 'bg-ok',
  warn: 'bg-warn',
  danger: 'bg-danger',
  accent: 'bg-accent',
}
const BADGES: Record<Tone, string> = {
  neutral: 'bg-hover text-muted',
  ok: 'bg-ok-soft text-ok',
  warn: 'bg-warn-soft text-warn',
  danger: 'bg-danger-soft text-danger',
  accent: 'bg-accent-soft text-accent',
}

/** A dot and a word: never the colour alone. */
export function Status({
  tone,
  className,
  children,
}: {
  tone: Tone
  className?: string
  children: ReactNode
}) {
  return (
    <span className={cn('inline-flex items-center gap-1.5 whitespace-nowrap', className)}>
      <span className={cn('size-2 shrink-0 rounded-full', DOTS[tone])} aria-hidden />
      {children}
    </span>
  )
}

export function Badge({
  tone = 'neutral',
  title,
  className,
  children,
}: {
  tone?: Tone
  title?: string
  className?: string
  children: ReactNode
}) {
  return (
    <span
      title={title}
      className={cn(
        'inline-flex h-5 items-center gap-1 rounded-control px-1.5 text-xs font-medium whitespace-nowrap',
        BADGES[tone],
        className,
      )}
    >
      {children}
    </span>
  )
}
