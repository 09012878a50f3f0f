import type { ReactNode } from 'react'
import { cn } from './cn'

/** Names and values of one thing; one column on a phone. */
export function KeyValues({
  items,
  className,
}: {
  items: readonly { label: string; value: ReactNode; hidden?: boolean }[]
  className?: string
}) {
  return (
    <dl
      className={cn(
        'grid gap-x-6 gap-y-3 sm:grid-cols-[minmax(8rem,max-content)_1fr] sm:items-baseline sm:gap-y-2',
        className,
      )}
    >
      {items
        .filter((item) => !item.hidden)
        .map((item) => (
          <div key={item.label} className="contents">
            <dt className="-mb-2.5 text-sm text-muted sm:mb-0">{item.label}</dt>
            <dd className="min-w-0 break-words">{item.value}</dd>
          </div>
        ))}
    </dl>
  )
}
