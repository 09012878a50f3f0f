import { cn } from '@/components/ui/cn'

/** Two posts, a bar, and what passes under it. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 24 24" className={cn('size-5 text-accent', className)} aria-hidden="true" fill="none">
      <path d="M5 21V9a7 7 0 0 1 14 0v12" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />
      <path d="M5 13.5h14" stroke="currentColor" strokeWidth="2.4" />
      <path d="M12 13.5V21" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" />
    </svg>
  )
}
