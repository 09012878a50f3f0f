'use client'

import { ArrowDown, ArrowUp, X } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import { IconButton } from '@/components/ui/button'

/** For one of a list whose order counts: a place up, a place down, away. */
export function MoveButtons({
  name,
  place,
  count,
  onMove,
  onRemove,
}: {
  /** As in "Move target 2 up". */
  name: string
  place: number
  count: number
  onMove: (by: -1 | 1) => void
  onRemove: () => void
}) {
  return (
    <>
      <IconButton
        label={`Move ${name} up`}
        size="sm"
        aria-disabled={place === 0 || undefined}
        onClick={() => onMove(-1)}
      >
        <ArrowUp aria-hidden />
      </IconButton>
      <IconButton
        label={`Move ${name} down`}
        size="sm"
        aria-disabled={place === count - 1 || undefined}
        onClick={() => onMove(1)}
      >
        <ArrowDown aria-hidden />
      </IconButton>
      <IconButton label={`Remove ${name}`} size="sm" onClick={onRemove}>
        <X aria-hidden />
      </IconButton>
    </>
  )
}

/** Alt with an arrow key, anywhere inside the item, moves it as its buttons do. */
export function moveByKey(event: KeyboardEvent, onMove: (by: -1 | 1) => void): void {
  const by = event.key === 'ArrowUp' ? -1 : event.key === 'ArrowDown' ? 1 : null
  if (!event.altKey || by === null) return
  event.preventDefault()
  onMove(by)
}
