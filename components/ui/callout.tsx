'use client'

import { CircleAlert, CircleCheck, Info, TriangleAlert } from 'lucide-react'
import { type ReactNode, useEffect, useRef } from 'react'
import type { Tone } from './badge'
import { cn } from './cn'

const LOOKS = {
  neutral: { icon: Info, box: 'bg-sunken', iconColor: 'text-muted' },
  accent: { icon: Info, box: 'bg-accent-soft', iconColor: 'text-accent' },
  ok: { icon: CircleCheck, box: 'bg-ok-soft', iconColor: 'text-ok' },
  warn: { icon: TriangleAlert, box: 'bg-warn-soft', iconColor: 'text-warn' },
  danger: { icon: CircleAlert, box: 'bg-danger-soft', iconColor: 'text-danger' },
} as const satisfies Record<Tone, unknown>

/**
 * A note in the flow of a page. `role="alert"` for what has just gone wrong; `intoSight` for what a button far below it
 * has caused.
 */
export function Callout({
  tone = 'neutral',
  title,
  role,
  intoSight = false,
  className,
  children,
}: {
  tone?: Tone
  title?: ReactNode
  role?: 'alert' | 'status'
  intoSight?: boolean
  className?: string
  children?: ReactNode
}) {
  const { icon: Icon, box, iconColor } = LOOKS[tone]
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (intoSight) element.current?.scrollIntoView({ block: 'nearest' })
  }, [intoSight])
  return (
    <div
      ref={element}
      role={role}
      className={cn('flex gap-2.5 rounded-card border p-3 text-sm', box, className)}
    >
      <Icon className={cn('mt-0.5 size-4 shrink-0', iconColor)} aria-hidden />
      <div className="min-w-0 flex-1">
        {title ? <p className="font-medium">{title}</p> : null}
        {children}
      </div>
    </div>
  )
}
