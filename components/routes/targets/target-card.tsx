'use client'

import { useDraggable, useDroppable } from '@dnd-kit/core'
import { GripVertical } from 'lucide-react'
import type { ReactNode } from 'react'
import { MoveButtons, moveByKey } from '@/components/resource/move-buttons'
import { IconButton } from '@/components/ui/button'
import { cn } from '@/components/ui/cn'
import { type RouteTargetHealth, TargetHealthLine } from './target-health'

/** One target, to be dragged by its handle, moved by its buttons, or by Alt and the arrow keys anywhere in it. */
export function TargetCard({
  dragId,
  place,
  count,
  health,
  mark,
  onMove,
  onRemove,
  children,
}: {
  dragId: string
  /** In the order in which targets are asked, from 0. */
  place: number
  count: number
  health: RouteTargetHealth | undefined
  /** Where one that is dropped now would stand. */
  mark: 'before' | 'behind' | null
  onMove: (by: -1 | 1) => void
  onRemove: () => void
  children: ReactNode
}) {
  const { attributes, listeners, setNodeRef, setActivatorNodeRef, transform, isDragging } = useDraggable({
    id: dragId,
  })
  const { setNodeRef: setDropRef } = useDroppable({ id: dragId })
  const name = `target ${place + 1}`
  return (
    <li
      ref={(element) => {
        setNodeRef(element)
        setDropRef(element)
      }}
      data-place={place}
      aria-label={`Target ${place + 1}`}
      style={transform ? { transform: `translateY(${transform.y}px)` } : undefined}
      className={cn(
        'relative rounded-card border bg-sunken p-3',
        isDragging && 'z-20 border-accent shadow-float',
        mark && 'border-accent',
        mark === 'before' &&
          'before:absolute before:inset-x-0 before:-top-[5px] before:h-0.5 before:bg-accent',
        mark === 'behind' && 'after:absolute after:inset-x-0 after:-bottom-[5px] after:h-0.5 after:bg-accent',
      )}
      onKeyDown={(event) => {
        if (!isDragging) moveByKey(event, onMove)
      }}
    >
      <div className="mb-2 flex min-h-7 items-center gap-1">
        <IconButton
          ref={setActivatorNodeRef}
          label={`Drag ${name}`}
          size="sm"
          {...attributes}
          {...listeners}
          className="-ml-1.5 cursor-grab touch-none text-muted active:cursor-grabbing"
        >
          <GripVertical aria-hidden />
        </IconButton>
        <div className="mr-auto min-w-0 py-1">{health ? <TargetHealthLine health={health} /> : null}</div>
        <MoveButtons {...{ name, place, count, onMove, onRemove }} />
      </div>
      {children}
    </li>
  )
}
