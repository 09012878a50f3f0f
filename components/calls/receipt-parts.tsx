import Link from 'next/link'
import type { ReactNode } from 'react'
import { entityHref } from '@/components/overview/entity-href'
import { cn } from '@/components/ui/cn'
import { CopyButton } from '@/components/ui/copy-button'

export function Part({ title, aside, children }: { title: string; aside?: string; children: ReactNode }) {
  return (
    <section aria-label={title} className="min-w-0">
      <h3 className="mb-2 flex items-baseline gap-2 text-base font-semibold">
        {title}
        {aside ? <span className="text-xs font-normal text-muted">{aside}</span> : null}
      </h3>
      {children}
    </section>
  )
}

export function Named({
  type,
  id,
  name,
  mono = false,
}: {
  type: string
  id: string | null
  name: string | null
  mono?: boolean
}) {
  if (id === null) return name ? <Mono>{name}</Mono> : <span className="text-muted">not known</span>
  return (
    <Link
      href={entityHref(type, id) ?? '#'}
      className={cn('text-accent hover:underline', mono && 'font-mono text-sm')}
    >
      {name ?? id}
    </Link>
  )
}

export function Copyable({ text, what }: { text: string; what: string }) {
  return (
    <span className="flex items-center gap-1">
      <Mono>{text}</Mono>
      <CopyButton text={text} what={what} className="-my-1" />
    </span>
  )
}

export function Mono({ muted = false, children }: { muted?: boolean; children: ReactNode }) {
  return <span className={`font-mono text-xs break-all ${muted ? 'text-muted' : ''}`}>{children}</span>
}
