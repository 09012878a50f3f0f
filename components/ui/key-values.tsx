import type { ReactNode } from 'react'
import { cn } from './cn'

/** Names and values of one thing; one column where there is no room for two. */
export function KeyValues({
  items,
  className,
}: {
  items: readonly { label: string; value: ReactNode; hidden?: boolean }[]
  className?: string
}) {
  return (
    <div className={cn('@container', className)}>
      <dl className="grid gap-x-5 gap-y-3 @[17rem]:grid-cols-[minmax(5.5rem,max-content)_1fr] @[17rem]:items-baseline @[17rem]:gap-y-2 @md:grid-cols-[minmax(8rem,max-content)_1fr]">
        {items
          .filter((item) => !item.hidden)
          .map((item) => (
            <div key={item.label} className="contents">
              <dt className="-mb-2.5 text-sm text-muted @[17rem]:mb-0">{item.label}</dt>
              <dd className="min-w-0 break-words">{item.value}</dd>
            </div>
          ))}
      </dl>
    </div>
  )
}
