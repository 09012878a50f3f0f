'use client'

import { Lock, RotateCw, SearchX, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from './button'
import { cn } from './cn'
import { CodeBlock } from './code-block'
import { CopyButton } from './copy-button'

/** Nothing there yet: what it is for, the first step, and the same step as a command. */
export function EmptyState({
  icon,
  title,
  children,
  action,
  command,
  commandTitle = 'Or by the API',
  className,
}: {
  icon?: ReactNode
  title: string
  children?: ReactNode
  action?: ReactNode
  command?: string | undefined
  commandTitle?: string
  className?: string
}) {
  return (
    <Frame icon={icon} title={title} className={className}>
      <div className="max-w-lg text-muted">{children}</div>
      {action ? <div className="flex flex-wrap gap-2 pt-1">{action}</div> : null}
      {command ? (
        <CodeBlock code={command} title={commandTitle} className="mt-3 w-full max-w-2xl text-left" />
      ) : null}
    </Frame>
  )
}

export function FilteredEmptyState({ onClear, children }: { onClear: () => void; children?: ReactNode }) {
  return (
    <Frame icon={<SearchX aria-hidden />} title="Nothing matches">
      <p className="text-muted">{children ?? 'No row fits these filters.'}</p>
      <Button onClick={onClear}>Clear filters</Button>
    </Frame>
  )
}

/** What happened, what to do, and the request id for whoever reads the logs. */
export function ErrorState({
  title = 'This could not be loaded',
  detail,
  requestId,
  onRetry,
  className,
}: {
  title?: string
  detail: ReactNode
  requestId?: string | null | undefined
  onRetry?: (() => void) | undefined
  className?: string
}) {
  return (
    <Frame
      icon={<TriangleAlert className="text-danger" aria-hidden />}
      title={title}
      className={className}
      alert
    >
      <p className="max-w-lg text-muted">{detail}</p>
      <RequestId id={requestId} />
      {onRetry ? (
        <Button onClick={onRetry}>
          <RotateCw aria-hidden />
          Try again
        </Button>
      ) : null}
    </Frame>
  )
}

export function NoPermissionState({
  what,
  who = 'an owner or admin',
  can = 'see',
}: {
  what: string
  who?: string
  /** What it is that the role does not include: to see it, or to "create" it. */
  can?: string
}) {
  return (
    <Frame
      icon={<Lock aria-hidden />}
      title={`You can't ${can} ${what}`}
      className="rounded-card border bg-surface"
    >
      <p className="max-w-lg text-muted">
        Your role does not include it. Ask {who} of this deployment to change that.
      </p>
    </Frame>
  )
}

export function RequestId({ id }: { id: string | null | undefined }) {
  if (!id) return null
  return (
    <p className="flex items-center gap-1 text-xs text-muted">
      Request <span className="font-mono break-all">{id}</span>
      <CopyButton text={id} what="request id" />
    </p>
  )
}

function Frame({
  icon,
  title,
  alert = false,
  className,
  children,
}: {
  icon?: ReactNode
  title: string
  alert?: boolean
  className?: string | undefined
  children: ReactNode
}) {
  return (
    <div
      role={alert ? 'alert' : undefined}
      className={cn('flex flex-col items-start gap-2 px-6 py-10 sm:px-10', className)}
    >
      {icon ? <span className="text-muted [&_svg]:size-5">{icon}</span> : null}
      <h2 className="text-lg font-semibold">{title}</h2>
      {children}
    </div>
  )
}
