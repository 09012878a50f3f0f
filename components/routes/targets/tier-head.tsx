'use client'

import { useDroppable } from '@dnd-kit/core'
import { cn } from '@/components/ui/cn'

/** The head of a priority. A target that is dropped on it has a priority of its own before it. */
export function TierHead({
  dragId,
  title,
  detail,
  isDragging,
}: {
  dragId: string
  title: string
  detail: string
  isDragging: boolean
}) {
  const { setNodeRef, isOver } = useDroppable({ id: dragId })
  return (
    <div
      ref={setNodeRef}
      className={cn(
        '-mx-1.5 flex flex-wrap items-baseline gap-x-2 rounded-control border border-transparent px-1.5 py-1',
        isDragging && 'border-dashed border-border-strong',
        isOver && 'border-solid border-accent bg-accent-soft',
      )}
    >
      <h3 className="text-sm font-semibold">{title}</h3>
      <p className="text-xs text-muted">
        {isDragging ? 'Drop it here for a priority of its own, before these.' : detail}
      </p>
    </div>
  )
}

/** Shown while something is dragged: below all others. */
export function LastTier({ dragId, isDragging }: { dragId: string; isDragging: boolean }) {
  const { setNodeRef, isOver } = useDroppable({ id: dragId })
  return (
    <p
      ref={setNodeRef}
      className={cn(
        'rounded-card border border-dashed border-transparent px-3 text-sm text-muted',
        isDragging ? 'border-border-strong py-3' : 'h-px overflow-hidden',
        isOver && 'border-solid border-accent bg-accent-soft',
      )}
    >
      {isDragging ? 'Drop it here for a new last fallback.' : null}
    </p>
  )
}
