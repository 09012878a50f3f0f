import { cn } from './cn'

/** A bar where text will be; unseen for its first 400 ms. */
export function Skeleton({ className }: { className?: string }) {
  return <span aria-hidden className={cn('reveal-late block h-3.5 w-24 rounded-[4px] bg-hover', className)} />
}

/** Lines of a form or a key-value list that is on its way. */
export function SkeletonLines({ lines = 4, label = 'Loading' }: { lines?: number; label?: string }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-4">
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike and never move.
        <div key={index} className="flex flex-col gap-2">
          <Skeleton className="w-20" />
          <Skeleton className={index % 2 ? 'w-2/5' : 'w-3/5'} />
        </div>
      ))}
    </div>
  )
}
